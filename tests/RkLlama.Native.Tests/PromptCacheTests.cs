using System.Text;
using RkLlama.Native.Tests.Support;
using static RkLlama.Native.Tests.Support.LoadedLibrary;

namespace RkLlama.Native.Tests;

/// <summary>Prompt cache files, on the simulator build that this test run selects.</summary>
[Collection(LibraryCollection.Name)]
public sealed class PromptCacheTests(LoadedLibrary library) : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void A_saved_prompt_is_reused_by_the_next_handle_until_the_cache_is_cleared()
    {
        int[] prefix = Tokens("<|im_start|>system\nA fixed beginning that many prompts have in common.<|im_end|>\n");
        int[] prompt = [.. prefix, .. Tokens("<|im_start|>user\n!echo x<|im_end|>\n<|im_start|>assistant\n")];
        IReadOnlyList<int> generated;
        using (RkllmModel first = library.Load())
            generated = first.SavePromptCache(prefix, _path, CancellationToken.None);

        using RkllmModel model = library.Load();
        bool isLoaded = model.LoadPromptCache(_path);
        int rest = Prefilled(model, prompt);
        model.ClearKvCache();
        int whole = Prefilled(model, prompt);

        isLoaded.Should().BeTrue();
        generated.Should().NotBeEmpty();
        rest.Should().Be(prompt.Length - prefix.Length);
        whole.Should().Be(prompt.Length);
    }

    [Fact]
    public void A_saving_run_generates_one_token_only_and_the_next_run_is_complete()
    {
        using RkllmModel model = library.Load();

        IReadOnlyList<int> generated = model.SavePromptCache(Tokens("<|im_start|>user\n!count 200<|im_end|>\n<|im_start|>assistant\n"), _path, CancellationToken.None);
        (string text, _, _) = Ask(model, "!echo complete");

        generated.Should().HaveCountLessThan(5);
        text.Should().Be("complete");
    }

    [Fact]
    public void After_a_run_with_another_last_token_the_same_prompt_has_one_token_to_prefill()
    {
        int[] prompt = Tokens("<|im_start|>user\n!echo x<|im_end|>\n<|im_start|>assistant\n");
        using RkllmModel model = library.Load();
        Prefilled(model, prompt);

        IReadOnlyList<int> generated = model.Process([.. prompt[..^1], prompt[0]], CancellationToken.None);
        int again = Prefilled(model, prompt);

        generated.Should().NotBeEmpty().And.HaveCountLessThan(5);
        again.Should().Be(IsAtLeast(1, 2, 0) ? 1 : prompt.Length, "before 1.2.0, the library does not reuse the KV cache");
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_an_error()
    {
        using RkllmModel model = library.Load();

        Action save = () => model.SavePromptCache(Tokens("Some text"), "/proc/no/such/file", CancellationToken.None);

        save.Should().Throw<RkllmException>();
    }

    [Fact]
    public void A_file_of_something_else_is_refused_and_the_model_answers()
    {
        File.WriteAllText(_path, "something else, long enough to be read as a header");
        using RkllmModel model = library.Load();

        bool isLoaded = model.LoadPromptCache(_path);

        isLoaded.Should().BeFalse();
        Ask(model, "!echo x").Text.Should().Be("x");
    }

    private int Prefilled(RkllmModel model, int[] prompt)
    {
        Read(model.Generate(RunInput.FromTokens(prompt), RunParameters.Default, CancellationToken.None)).Text.Should().Be("x");
        return library.LastCall("run_end").GetProperty("prefill_tokens").GetInt32();
    }

    private static int[] Tokens(string text) => [.. Encoding.UTF8.GetBytes(text).Select(static value => (int)value)];
}
