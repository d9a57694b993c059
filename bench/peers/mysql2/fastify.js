// Fastify with mysql2 and a pool: a row by its key, a filtered page, a table.
const fastify = require('fastify')();
const pool = require('./pool');

fastify.get('/sample/:id', async (request, reply) => {
  const [rows] = await pool.execute('SELECT * FROM sample WHERE id = ?', [request.params.id]);
  if (rows.length === 0) {
    return reply.code(404).send({ error: 'no such row' });
  }
  return rows[0];
});

fastify.get('/sample', async (request) => {
  const [rows] = await pool.execute(
    'SELECT * FROM sample WHERE qty = ? AND id > ? ORDER BY id LIMIT 20',
    [request.query.qty, request.query.after],
  );
  return rows;
});

fastify.get('/thousand', async () => {
  const [rows] = await pool.query('SELECT * FROM thousand');
  return rows;
});

fastify.listen({ port: process.env.PORT, host: '127.0.0.1' });
