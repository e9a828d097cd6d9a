"""Official releases become codes.duckdb; answers: what was this code on that day?"""
