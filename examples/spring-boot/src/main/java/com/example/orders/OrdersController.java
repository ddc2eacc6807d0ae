package com.example.orders;

import java.util.List;
import java.util.UUID;
import org.springframework.http.ResponseEntity;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** {@code POST /orders} with a JSON list of items answers the order's id; {@code GET /orders/ID} its items. */
@RestController
@RequestMapping("/orders")
public class OrdersController {
    private final Orders orders;

    public OrdersController(Orders orders) {
        this.orders = orders;
    }

    @PostMapping
    @Transactional
    public UUID place(@RequestBody List<String> items) {
        return orders.save(new CustomerOrder(items)).getId();
    }

    @GetMapping("/{id}")
    @Transactional(readOnly = true)
    public ResponseEntity<List<String>> items(@PathVariable("id") UUID id) {
        return ResponseEntity.of(orders.findById(id).map(order -> List.copyOf(order.getItems())));
    }

    @GetMapping("/count")
    public long count() {
        return orders.count();
    }
}
