"""What people ask of finished runs: decisions back in, run it again, compare two, explain one claim."""
