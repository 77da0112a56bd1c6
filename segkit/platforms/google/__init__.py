"""Google Cloud network firewall policies: one folder, one platform."""
