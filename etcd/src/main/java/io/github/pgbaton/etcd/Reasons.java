package io.github.pgbaton.etcd;

import io.etcd.jetcd.common.exception.EtcdException;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** Says in one line why a call failed; gRPC's and etcd's messages hold addresses and names, never a credential. */
final class Reasons {
    private static final int MAX_DEPTH = 6;
    private static final int MAX_LENGTH = 400;

    private Reasons() {}

    static String of(Throwable failure) {
        StringBuilder text = new StringBuilder();
        Throwable at = failure;
        String last = "";
        for (int depth = 0; at != null && depth < MAX_DEPTH; depth++, at = at.getCause()) {
            if (at instanceof CompletionException || at instanceof ExecutionException) {
                continue;
            }
            String said = said(at);
            if (!last.contains(said)) {
                text.append(text.length() == 0 ? "" : ": ").append(said);
                last = said;
            }
        }
        String line = text.toString().replaceAll("\\s+", " ").trim();
        if (permissionDenied(failure)) {
            line +=
                    " (the etcd user needs read on leader, config, failover, history, initialize, sync and the range members/)";
        }
        return line.length() > MAX_LENGTH ? line.substring(0, MAX_LENGTH) + "..." : line;
    }

    private static String said(Throwable failure) {
        String message = failure.getMessage();
        if (message != null) {
            // gRPC lists its handlers before it says what is wrong.
            message = message.replaceAll("\\s*Channel Pipeline: \\[[^\\]]*\\]", "");
        }
        if (failure instanceof EtcdException e
                && !String.valueOf(message).startsWith(e.getErrorCode().name())) {
            return e.getErrorCode() + (message == null ? "" : ": " + message);
        }
        if (failure instanceof StatusRuntimeException && message != null) {
            return message;
        }
        return message == null
                ? failure.getClass().getSimpleName()
                : failure.getClass().getSimpleName() + ": " + message;
    }

    static boolean permissionDenied(Throwable failure) {
        Throwable at = failure;
        for (int depth = 0; at != null && depth < MAX_DEPTH; depth++, at = at.getCause()) {
            if (String.valueOf(at.getMessage()).contains("permission denied")) {
                return true;
            }
        }
        return false;
    }
}
