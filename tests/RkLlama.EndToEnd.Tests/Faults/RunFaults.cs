namespace RkLlama.EndToEnd.Tests.Faults;

/// <summary>The faults of a run.</summary>
internal static class RunFaults
{
    private const string CountTo20 = @"\s?1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20";

    // The text before the failure: any prefix of the reply. On a busy machine, the last tokens may be lost with the worker.
    private const string CountBegins = @"^\s?1( 2( 3( 4( 5)?)?)?)?$";

    private const string NoFirstToken = "gave no first token for 2 s and ignored the abort; its worker was killed";

    // Short timeouts. Correct answers must not exceed them on a busy machine either.
    private static readonly string[] ShortBudgets =
        ["--prefill-timeout", "2", "--prefill-token-timeout", "0", "--token-timeout", "2", "--abort-grace", "0.5"];

    private const string Bounded = "FROM=\"demo.rkllm\"\nMAX_NEW_TOKENS=40\n";

    internal static readonly FaultCase[] All =
    [
        new("run_minus1", "the library refuses a run") { Error = "refused the run .*-1" },
        new("error_state", "an error before the first token") { Error = "the runtime reported an error" },
        new("error_state:minus1", "an error callback, and `rkllm_run` returns -1") { Error = "the runtime reported an error" },
        new("error_state:5", "an error in the middle of an answer") { Error = "the runtime reported an error", BreaksOff = true, Text = CountBegins, Speed = "1" },
        new("segv:1", "a crash before the first token") { Error = "SIGSEGV", WorkerIsReplaced = true },
        new("segv:6", "a crash in the middle of an answer") { Error = "SIGSEGV", WorkerIsReplaced = true, BreaksOff = true, Text = CountBegins, Speed = "1" },
        new("abort:1", "an exception that is not caught") { Error = @"SIGABRT \(terminate called .*npu task timeout\)", WorkerIsReplaced = true },
        new("abort:6", "an exception in the middle of an answer") { Error = @"SIGABRT \(terminate called .*npu task timeout\)", WorkerIsReplaced = true, BreaksOff = true, Text = CountBegins, Speed = "1" },
        new("exit:1", "the library ends the process with exit code 0") { Error = @"ended with exit code 0 \(failed to submit", WorkerIsReplaced = true },
        new("orphan:6", "a crash in the middle of an answer, and a child process of the library keeps its pipes open") { Error = "SIGSEGV", WorkerIsReplaced = true, BreaksOff = true, Text = CountBegins, Speed = "1" },
        new("exit:6", "the same in the middle of an answer") { Error = @"ended with exit code 0 \(failed to submit", WorkerIsReplaced = true, BreaksOff = true, Text = CountBegins, Speed = "1" },
        new("hang:prefill", "a prefill that never ends") { Error = NoFirstToken, WorkerIsReplaced = true, Options = ShortBudgets },
        new("hang:1", "the first token never comes") { Error = NoFirstToken, WorkerIsReplaced = true, Options = ShortBudgets },
        new("hang:6", "tokens stop coming") { Error = "gave no token for 2 s and ignored the abort; its worker was killed", WorkerIsReplaced = true, Options = ShortBudgets, BreaksOff = true, Text = CountBegins, Speed = "1" },
        new("slow_prefill:10", "a slow prefill within its timeout") { Text = CountTo20 },
        new("slow_prefill:1000", "a prefill that exceeds its timeout and ignores the abort") { Error = NoFirstToken, WorkerIsReplaced = true, Options = ShortBudgets },
        new("no_finish", "a run that returns without an end callback") { Error = "without finishing", BreaksOff = true, Text = $"^{CountTo20}$" },
        new("stale_logits", "wrong logits for a prompt whose beginning is in the KV cache") { Text = CountTo20, Harmless = "a complete answer. In reranking, the scores are right: the worker finds out and uses no cache" },
        new("double_finish", "the end callback comes twice") { Text = CountTo20 },
        new("null_result", "callbacks without a result") { Text = CountTo20 },
        new("null_text", "every second text is missing") { Text = @"(\s?\d+)+", Harmless = "an answer with gaps: the library does not report the missing text" },
        new("empty_stream", "an end without any token") { Text = "", Harmless = "a complete, empty answer" },
        new("matmul_failed", "an old driver: error lines and no text") { Error = "matmul" },
        new("n_image_unset", "an error line and no callback, but the run reports success") { Injected = "n_image_unset@3,n_image_unset@7", Prompt = "!count 20", Error = "without finishing.*n_image" },
        new("finish_at_think_end", "the end comes instead of `</think>`")
        {
            Injected = "finish_at_think_end@3,finish_at_think_end@7", Prompt = "!think of a number", Text = @"<think>\s*hm\s*", Harmless = "the thinking without its end tag: the library reports a normal end",
        },
        new("eos_ignored", "the end token is ignored") { Modelfile = Bounded, Text = @"(\s?\d+)+.*", FinishReason = "length", Harmless = "the answer, repeated up to the token limit; finish reason `length`" },
        new("loop_token", "one word, repeated without end") { Modelfile = Bounded, Text = "( again){40}", FinishReason = "length", Harmless = "the word up to the token limit; finish reason `length`" },
        new("garbage_tokens", "garbage tokens without end") { Modelfile = Bounded, Text = @"(\[PAD151935\]){40}", FinishReason = "length", Harmless = "the garbage up to the token limit; finish reason `length`" },
        new("stale_tail", "the next answer begins with the rest of the previous one") { Modelfile = Bounded, Injected = "stale_tail@3,stale_tail@7", Prompt = "!count 60", Text = @"\s?1 2 .* 40", FinishReason = "length", Harmless = "the correct answer, for this client and for the next" },
        new("invalid_utf8", "bytes that are not valid UTF-8") { Text = "ok \uFFFD+ then \uFFFD+", Harmless = "the answer, with U+FFFD for the invalid bytes" },
        new("embedded_control_chars", "control characters in the text") { Text = "a\u0001b\u001B\\[31mc\r\n\td\u007Fe\"f\\\\g\bh", Harmless = "a complete answer, with escaped characters" },
        new("huge_piece:60000", "one piece of text of 60,000 bytes") { Text = "x{60000}" },
        new("huge_piece", "one piece of text of 1 MiB") { Error = "a text of 1048576 bytes for one token" },
        new("leak:64", "a run leaks 64 MiB") { Text = CountTo20, Harmless = "a complete answer; an unload frees the memory" },
        new("callback_on_other_thread", "callbacks on a thread of the library") { Text = CountTo20 },
        new("second_instance_garbage", "garbage with two models in a process") { Versions = ["1.1.4", "1.2.0"], Text = CountTo20, Harmless = "a complete answer: each worker loads only one model" },
        new("late_callback", "a callback after the end of an async run") { Text = CountTo20, Harmless = NotUsed },
        new("async_no_callback", "an async run without callbacks") { Text = CountTo20, Harmless = NotUsed },
        new("async_hang", "an async run that never ends") { Text = CountTo20, Harmless = NotUsed },
    ];

    private const string NotUsed = "a complete answer: the server uses blocking runs only";
}
