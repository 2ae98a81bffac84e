"""What a user describes: Processes, Vars, ports."""
