"""`truce import table`: any table by a mapping of its columns, and a first draft of one."""
