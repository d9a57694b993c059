"""The Flask and SQLAlchemy program of the tutorials, completed: a table, and of
another database a row by its key, a filtered page and a table."""
import os

from flask import Flask, abort, jsonify, request
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

app = Flask(__name__)

engine = create_engine(
    URL.create(
        "mysql+pymysql",
        username=os.environ["DB_USER"],
        password=os.environ["DB_PASSWORD"],
        host=os.environ["DB_HOST"],
        port=int(os.environ["DB_PORT"]),
        database=os.environ["DB_NAME"],
    )
)


@app.route("/read")
def read():
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM sample"))
        return jsonify([dict(row._mapping) for row in rows])


@app.route("/sample/<int:key>")
def row(key):
    with engine.connect() as connection:
        query = text("SELECT * FROM sample WHERE id = :id")
        found = connection.execute(query, {"id": key}).first()
        if found is None:
            abort(404)
        return jsonify(dict(found._mapping))


@app.route("/sample")
def page():
    with engine.connect() as connection:
        query = text("SELECT * FROM sample WHERE qty = :qty AND id > :after ORDER BY id LIMIT 20")
        rows = connection.execute(query, {
            "qty": request.args.get("qty", type=int),
            "after": request.args.get("after", type=int),
        })
        return jsonify([dict(row._mapping) for row in rows])


@app.route("/thousand")
def thousand():
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM thousand"))
        return jsonify([dict(row._mapping) for row in rows])


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ["PORT"]), threaded=True)
