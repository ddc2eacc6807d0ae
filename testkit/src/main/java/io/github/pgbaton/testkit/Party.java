package io.github.pgbaton.testkit;

/**
 * One end of a network cut; says who, not where: a member is the same party on whatever port it talks.
 *
 * @param kind what it is
 * @param name the member's name, an etcd member's index or {@code *} for all of etcd; empty for the others
 */
public record Party(Kind kind, String name) {

    /** What a party is. */
    public enum Kind {
        /** Every process of this machine that is not part of the cluster, above all the test. */
        CLIENT,
        MEMBER,
        ETCD,
        HAPROXY
    }

    /** Everybody outside the cluster: the test itself and what it starts. {@link Truth} keeps its own way in. */
    public static Party client() {
        return new Party(Kind.CLIENT, "");
    }

    /** Patroni and PostgreSQL of one member. */
    public static Party member(String name) {
        return new Party(Kind.MEMBER, name);
    }

    /** One etcd member, counted from 0. */
    public static Party etcd(int index) {
        return new Party(Kind.ETCD, Integer.toString(index));
    }

    /** All etcd members. */
    public static Party allEtcd() {
        return new Party(Kind.ETCD, "*");
    }

    /** The proxy. */
    public static Party haproxy() {
        return new Party(Kind.HAPROXY, "");
    }
}
