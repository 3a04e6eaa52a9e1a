-- On every node that holds orders. An order's id carries its customer's shard, so both shard keys of the contract lead to the same node.
-- Bound columns (id, customer_id) must be in the replica identity, which is the primary key: a DELETE carries nothing else.
CREATE TABLE orders (
    customer_id bigint NOT NULL,
    id          bigint NOT NULL,
    item        text   NOT NULL,
    state       text   NOT NULL,
    PRIMARY KEY (customer_id, id)
);
CREATE UNIQUE INDEX orders_by_id ON orders (id);
