package io.github.pgbaton.internal.rest;

import java.net.InetAddress;

/**
 * A whole answer, its body within the limit.
 *
 * @param status three digits
 * @param body as UTF-8
 * @param remote the address that answered
 */
record HttpReply(int status, String body, InetAddress remote) {}
