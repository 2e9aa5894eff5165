using RkLlama.Engine.Workers.Worker;
using RkLlama.Native;

namespace RkLlama.Engine.Tests.Workers;

/// <summary>When the KV cache of the runtime must be cleared before a run.</summary>
public sealed class PrefixCacheTests
{
    [Theory]
    [InlineData(new[] { 1, 2, 3, 9, 4 }, false)]
    [InlineData(new[] { 1, 2, 5 }, false)]
    [InlineData(new[] { 7 }, false)]
    [InlineData(new[] { 1, 2, 3 }, true)]
    [InlineData(new[] { 1, 2 }, true)]
    [InlineData(new[] { 1, 2, 3, 8 }, true)]
    [InlineData(new[] { 1, 2, 3, 8, 9 }, true)]
    [InlineData(new[] { 1, 2, 3, 8, 9, 4 }, false)]
    public void The_cache_is_cleared_if_it_holds_the_whole_prompt(int[] next, bool expected)
    {
        KvCacheTracker cache = new(isReused: true);
        cache.MustClearBefore(RunInput.FromTokens([1, 2, 3])).Should().BeFalse();
        cache.Add(8);
        cache.Add(9);

        cache.MustClearBefore(RunInput.FromTokens(next)).Should().Be(expected);
    }

    [Theory]
    [InlineData("ab", true)]
    [InlineData("a", true)]
    [InlineData("abc", false)]
    public void The_cache_is_cleared_if_it_holds_the_whole_prompt_as_text(string next, bool expected)
    {
        KvCacheTracker cache = new(isReused: true);
        cache.MustClearBefore(RunInput.FromText("ab"));

        cache.MustClearBefore(RunInput.FromText(next)).Should().Be(expected);
    }

    [Fact]
    public void Without_reuse_the_cache_is_cleared_before_every_run_except_the_first()
    {
        KvCacheTracker cache = new(isReused: false);

        cache.MustClearBefore(RunInput.FromTokens([1])).Should().BeFalse();
        cache.MustClearBefore(RunInput.FromTokens([2])).Should().BeTrue();
    }

    [Theory]
    [InlineData(new[] { 1, 2, 3, 9 }, false)]
    [InlineData(new[] { 1, 2, 3 }, true)]
    [InlineData(new[] { 1, 2 }, true)]
    public void A_loaded_file_counts_as_contents_until_the_cache_is_cleared(int[] next, bool expected)
    {
        KvCacheTracker cache = new(isReused: true);
        cache.Load([1, 2, 3]);

        cache.MustClearBefore(RunInput.FromTokens([7])).Should().BeFalse();
        cache.MustClearBefore(RunInput.FromTokens(next)).Should().Be(expected, "the runtime may keep the file beside the last prompt");
        cache.MustClearBefore(RunInput.FromTokens([8])).Should().BeFalse();
        cache.MustClearBefore(RunInput.FromTokens([1, 2])).Should().Be(!expected, "a cleared cache has no file any more");
    }

    [Fact]
    public void After_a_saving_run_the_cache_contains_the_prefix_and_the_generated_tokens()
    {
        KvCacheTracker cache = new(isReused: true);
        cache.Load([7, 8]);
        cache.Forget();
        cache.Replace([1, 2, 3]);

        cache.MustClearBefore(RunInput.FromTokens([7])).Should().BeFalse("the file was released");
        cache.Replace([1, 2, 3]);
        cache.MustClearBefore(RunInput.FromTokens([1, 2, 3])).Should().BeTrue();
    }
}
