"""Commands on a bank, and the option that names one."""
