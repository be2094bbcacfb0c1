"""The dashboards asked, shown and drawn over what a real Prometheus scraped."""
