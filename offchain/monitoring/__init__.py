"""What a running program tells a monitor: measures for Prometheus, and whether it is well."""
