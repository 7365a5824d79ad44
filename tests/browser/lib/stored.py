# python3 stored.py DATABASE < {"address": …, "names": […], "drafts": […]}
# What the registry holds of a family and of the forms that were sent: JSON.
import json
import sqlite3
import sys

asked = json.load(sys.stdin)
db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
# Ids as text: they are longer than a number of JavaScript.
homes = [str(row[0]) for row in db.execute("SELECT id FROM household WHERE address = ?", (asked["address"],))]
people = {
    name: [
        str(home)
        for (home,) in db.execute(
            "SELECT coalesce(m.household_id, 0) FROM resident r LEFT JOIN membership m ON m.resident_id = r.id"
            " WHERE r.name = ?",
            (name,),
        )
    ]
    for name in asked["names"]
}
drafts = {
    draft: [str(row[0]) for row in db.execute("SELECT object_id FROM idempotency_key WHERE key = ?", (draft,))]
    for draft in asked["drafts"]
}
print(json.dumps({"homes": homes, "people": people, "drafts": drafts}))
