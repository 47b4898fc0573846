"""The verdicts that other assumptions would give, on the tables of the audit."""
