"""Run the migrations on the connection that was handed over; Alembic loads this file."""

from alembic import context

from engine.ground.model import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # Both databases change tables inside a transaction, as long as the driver opens none of its own.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
