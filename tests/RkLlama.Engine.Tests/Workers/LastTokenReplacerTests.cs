using RkLlama.Engine.Workers.Worker;
using RkLlama.Native;

namespace RkLlama.Engine.Tests.Workers;

/// <summary>How the KV cache is kept for a prompt that it contains as a whole.</summary>
public sealed class LastTokenReplacerTests
{
    private static readonly int[] Prompt = [.. Enumerable.Range(1, LastTokenReplacer.MinTokens)];
    private readonly KvCacheTracker _cache = new(isReused: true);
    private readonly List<IReadOnlyList<int>> _processed = [];
    private readonly LastTokenReplacer _replacer;
    private Func<IReadOnlyList<int>> _generated = static () => [7];

    public LastTokenReplacerTests() => _replacer = new(_cache, (tokens, _) =>
    {
        _processed.Add(tokens);
        return _generated();
    });

    [Fact]
    public void The_same_prompt_again_has_one_token_to_prefill()
    {
        Run(Prompt, prefilled: Prompt.Length);
        Run([.. Prompt, 500, 501], prefilled: 2);
        int[] again = [.. Prompt, 500, 501];

        bool isCleared = Run(again, prefilled: 1);

        isCleared.Should().BeFalse();
        _processed.Should().ContainSingle().Which.Should().Equal([.. Prompt, 500, 1], "another token takes the place of the last one");
        Run(again, prefilled: 1).Should().BeFalse();
        _processed.Should().HaveCount(2);
    }

    [Fact]
    public void Without_a_proof_that_the_runtime_reuses_the_cache_it_is_cleared()
    {
        Run(Prompt, prefilled: Prompt.Length);
        Run(Prompt, prefilled: Prompt.Length).Should().BeTrue("no run has shown it");
        Run([.. Prompt, 500, 501], prefilled: null);

        Run([.. Prompt, 500, 501], prefilled: null).Should().BeTrue("the library has no statistics");
        _processed.Should().BeEmpty();
    }

    [Fact]
    public void After_a_run_without_reuse_the_cache_is_cleared_for_good()
    {
        Prove();
        Run([.. Prompt, 502, 503], prefilled: Prompt.Length + 2);
        Run([.. Prompt, 504, 505], prefilled: 2);

        Run([.. Prompt, 504, 505], prefilled: Prompt.Length).Should().BeTrue();

        _processed.Should().BeEmpty();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void If_the_run_fails_the_cache_is_cleared(bool isCancelled)
    {
        Prove();
        _generated = () => throw (isCancelled ? new OperationCanceledException() : new RkllmException("failed"));

        bool isCleared = Run([.. Prompt, 500, 501], prefilled: Prompt.Length + 2);

        isCleared.Should().BeTrue();
        _generated = static () => [7];
        Run([.. Prompt, 500, 501], prefilled: 1).Should().Be(!isCancelled, "after an error, it is not tried again");
    }

    [Fact]
    public void A_short_prompt_and_one_of_equal_tokens_are_processed_from_the_beginning()
    {
        Prove();
        int[] equal = [.. Enumerable.Repeat(9, LastTokenReplacer.MinTokens)], few = [1, 2, 3];
        foreach (int[] prompt in (int[][])[equal, few])
        {
            Run(prompt, prefilled: prompt.Length);
            Run(prompt, prefilled: prompt.Length).Should().BeTrue();
        }

        _processed.Should().BeEmpty();
    }

    [Fact]
    public void A_prompt_that_a_loaded_file_contains_is_processed_from_the_beginning()
    {
        _cache.Load([.. Prompt, 500, 501]);
        Run([.. Prompt, 500, 502], prefilled: 1);
        Run([.. Prompt, 500], prefilled: Prompt.Length + 1).Should().BeTrue("the runtime may still have the file");

        _processed.Should().BeEmpty();
    }

    /// <summary>Runs two prompts, of which the second one reuses the first.</summary>
    private void Prove()
    {
        Run(Prompt, prefilled: Prompt.Length);
        Run([.. Prompt, 500, 501], prefilled: 2);
    }

    /// <summary>Does what the worker does for a run.</summary>
    /// <returns>Whether the cache was cleared before the run.</returns>
    private bool Run(int[] prompt, int? prefilled)
    {
        RunInput input = RunInput.FromTokens(prompt);
        _replacer.TryReplace(input, CancellationToken.None);
        int shared = _cache.CountShared(input);
        bool isCleared = _cache.MustClearBefore(input);
        _replacer.OnEnd(input, isCleared ? 0 : shared, prefilled is { } tokens ? new(0, tokens, 0, 0, 0) : null);
        return isCleared;
    }
}
