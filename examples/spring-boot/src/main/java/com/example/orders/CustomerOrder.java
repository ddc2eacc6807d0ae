package com.example.orders;

import jakarta.persistence.CollectionTable;
import jakarta.persistence.Column;
import jakarta.persistence.ElementCollection;
import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.PostPersist;
import jakarta.persistence.PostLoad;
import jakarta.persistence.Table;
import jakarta.persistence.Transient;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.springframework.data.domain.Persistable;

/**
 * An order with its lines. Its id is made here and not in the database: a transaction that has read a generated key can
 * mostly not be replayed after a failover, one that brings its own can.
 */
@Entity
@Table(name = "boot_order")
public class CustomerOrder implements Persistable<UUID> {
    @Id
    private UUID id;

    @ElementCollection(fetch = FetchType.EAGER)
    @CollectionTable(name = "boot_order_line", joinColumns = @JoinColumn(name = "order_id"))
    @Column(name = "item")
    private List<String> items = new ArrayList<>();

    @Transient
    private boolean fresh = true;

    protected CustomerOrder() {}

    public CustomerOrder(List<String> items) {
        this.id = UUID.randomUUID();
        this.items.addAll(items);
    }

    @Override
    public UUID getId() {
        return id;
    }

    public List<String> getItems() {
        return items;
    }

    /** Keeps Spring Data from looking for the row before it is inserted. */
    @Override
    public boolean isNew() {
        return fresh;
    }

    @PostPersist
    @PostLoad
    void stored() {
        fresh = false;
    }
}
