package com.example.orders;

import java.util.UUID;
import org.springframework.data.jpa.repository.JpaRepository;

/** Where orders are kept. */
public interface Orders extends JpaRepository<CustomerOrder, UUID> {}
