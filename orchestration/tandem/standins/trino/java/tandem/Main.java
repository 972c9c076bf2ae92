package tandem;

import io.trino.server.Server;

import java.io.IOException;

/** Starts Trino, and ends it with the process that started it, however that dies. */
public final class Main
{
    private static final long WATCH_MILLIS = 200;

    private Main() {}

    public static void main(String[] arguments)
    {
        long owner = Long.parseLong(arguments[0]);
        watch("owner-input", Main::awaitEndOfInput);
        watch("owner-process", () -> awaitEndOf(owner));
        new Server().start("406");
    }

    private static void watch(String name, Runnable untilTheEnd)
    {
        Thread thread = new Thread(() -> {
            untilTheEnd.run();
            Runtime.getRuntime().halt(0);
        }, name);
        thread.setDaemon(true);
        thread.start();
    }

    private static void awaitEndOfInput()
    {
        try {
            while (System.in.read() >= 0) {
                // Nothing is ever said; only the end matters.
            }
        }
        catch (IOException e) {
            // An input that cannot be read has ended too.
        }
    }

    /** A forked child of the owner may hold the pipe open after the owner is gone. */
    private static void awaitEndOf(long owner)
    {
        try {
            while (ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(-1L) == owner) {
                Thread.sleep(WATCH_MILLIS);
            }
        }
        catch (InterruptedException e) {
            // Nobody interrupts it but the end of the JVM.
        }
    }
}
