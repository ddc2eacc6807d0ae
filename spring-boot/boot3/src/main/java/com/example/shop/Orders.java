package com.example.shop;

import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Takes orders: two rows in one transaction each. */
@RestController
class Orders {
    private final JdbcTemplate jdbc;

    Orders(JdbcTemplate jdbc) {
        this.jdbc = jdbc;
        jdbc.execute("CREATE TABLE IF NOT EXISTS orders (id text PRIMARY KEY)");
        jdbc.execute("CREATE TABLE IF NOT EXISTS order_lines (order_id text REFERENCES orders)");
    }

    @PostMapping("/orders")
    @Transactional
    public String place(@RequestParam("id") String id) {
        jdbc.update("INSERT INTO orders VALUES (?)", id);
        jdbc.update("INSERT INTO order_lines VALUES (?)", id);
        return id;
    }

    @GetMapping("/orders")
    @Transactional(readOnly = true)
    public String all() {
        return String.join(" ", jdbc.queryForList("SELECT id FROM orders JOIN order_lines ON order_id = id", String.class));
    }
}
