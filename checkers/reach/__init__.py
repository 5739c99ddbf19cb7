"""Which branches of the system a campaign reaches, and why it does not reach the others."""
