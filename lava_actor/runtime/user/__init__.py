"""What a Process asks for, what a network started, and what comes back."""
