"""Every alert, fired by a real fault, through a real Prometheus and a real Alertmanager, and resolved by the cure."""
