"""FHIR ExplanationOfBenefit and Claim as flat rows, one for each claim and item."""
