"""`truce import`: its options, what it runs, and where its events go."""
