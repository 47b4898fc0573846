"""A notebook on a judged truce: by whose terms it was broken, what is in doubt, and on whose word.

Its cells begin with `# %%`. As a program: `python docs/energy_truce.py truce-demo/lake`, after
`truce demo`.
"""

# %% The lake
import sys

from analytics import connect
from analytics.queries import examples

lake = connect(sys.argv[1] if len(sys.argv) > 1 else "truce-demo/lake")

# %% By whose terms was it broken? At least, at most, and what may be anybody's beside that
print(examples()["by_whose_terms"].question)
print(lake.sql(examples()["by_whose_terms"].sql))

# %% One incident, five readings: NULL is unknown, never no
lake.sql(
    "SELECT claim_id, verdict, in_window, party_bound, act_prohibited, target_covered, in_area "
    "FROM claim_verdicts WHERE incident_id = '2026-02-03-barrage' ORDER BY claim_id"
).show()

# %% What would settle the rest?
lake.sql(examples()["undetermined_why"].sql).show()

# %% The counts are bounds: how far apart are they, by claim?
bounds = lake.sql(
    "SELECT claim_id, sum(violations_lower), sum(violations_upper) FROM compliance "
    "WHERE claim_id IS NOT NULL GROUP BY claim_id ORDER BY claim_id"
).fetchall()
for claim, lower, upper in bounds:
    print(f"{claim:8} {'█' * int(lower)}{'░' * int(upper - lower)} {lower}..{upper}")

# %% On whose word? The grade of the evidence never moves a verdict
lake.sql(examples()["evidence"].sql).show(max_width=200)
