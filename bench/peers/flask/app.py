"""The Flask and SQLAlchemy program of the tutorials, completed: one route."""
import os

from flask import Flask, jsonify
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


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ["PORT"]), threaded=True)
