"""Commands that ask what may be otherwise: other assumptions, and incidents that may be one."""
