// Express with mysql2 and a pool: a row by its key, a filtered page, a table.
const express = require('express');
const pool = require('./pool');

const app = express();

app.get('/sample/:id', async (req, res) => {
  const [rows] = await pool.execute('SELECT * FROM sample WHERE id = ?', [req.params.id]);
  if (rows.length === 0) {
    return res.status(404).json({ error: 'no such row' });
  }
  res.json(rows[0]);
});

app.get('/sample', async (req, res) => {
  const [rows] = await pool.execute(
    'SELECT * FROM sample WHERE qty = ? AND id > ? ORDER BY id LIMIT 20',
    [req.query.qty, req.query.after],
  );
  res.json(rows);
});

app.get('/thousand', async (req, res) => {
  const [rows] = await pool.query('SELECT * FROM thousand');
  res.json(rows);
});

app.listen(process.env.PORT, '127.0.0.1');
