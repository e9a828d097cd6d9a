"""What a finding is: identity, money, risk, suppression."""
