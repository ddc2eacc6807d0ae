package io.github.pgbaton.etcd;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Gives every unary call a deadline, which jetcd does not: while etcd is down its futures never complete. */
final class DeadlineInterceptor implements ClientInterceptor {
    private final Duration deadline;

    DeadlineInterceptor(Duration deadline) {
        this.deadline = deadline;
    }

    @Override
    public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
        boolean unary = method.getType() == MethodDescriptor.MethodType.UNARY;
        return next.newCall(
                method, unary ? options.withDeadlineAfter(deadline.toMillis(), TimeUnit.MILLISECONDS) : options);
    }
}
