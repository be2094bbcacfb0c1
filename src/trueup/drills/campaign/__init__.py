"""Campaigns: random episodes of trading, faults and kills, watched for safety and judged for liveness.

An episode is drawn from a seed as a scenario (`episode`), run (`run`), watched (`safety`); one that fails is made small
(`minimise`) and written as a file, and what came of many is kept (`record`) and shown (`report`).
"""
