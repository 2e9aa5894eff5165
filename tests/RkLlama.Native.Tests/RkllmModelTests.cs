using System.Text;
using System.Text.Json;
using RkLlama.Native.Tests.Support;
using static RkLlama.Native.Tests.Support.LoadedLibrary;

namespace RkLlama.Native.Tests;

/// <summary>Loading, embedding, sampling and the KV cache, on the simulator build that this test run selects.</summary>
[Collection(LibraryCollection.Name)]
public sealed class RkllmModelTests(LoadedLibrary library)
{
    [Fact]
    public void During_a_run_a_second_run_and_disposal_are_refused()
    {
        RkllmModel model = library.Load();
        IEnumerator<RunPiece> run = model.Generate(Text("!sleep 5 5000"), RunParameters.Default, CancellationToken.None).GetEnumerator();
        run.MoveNext();

        Action second = () => model.Generate(Text("!echo x"), RunParameters.Default, CancellationToken.None);
        Action dispose = model.Dispose;

        second.Should().Throw<InvalidOperationException>();
        dispose.Should().Throw<InvalidOperationException>();
        run.Dispose();
        model.Dispose();
        second.Should().Throw<ObjectDisposedException>();
    }

    [Fact]
    public void Token_ids_give_the_same_answer_as_text()
    {
        using RkllmModel model = library.Load();
        int[] bytes = [.. Encoding.UTF8.GetBytes(Text("What is the capital of France?").Text!).Select(value => (int)value)];

        (string text, _, _) = Read(model.Generate(RunInput.FromTokens(bytes), RunParameters.Default, CancellationToken.None));

        text.Should().Be("The capital of France is Paris.");
        library.LastCall("rkllm_run").GetProperty("input_type").GetInt32().Should().Be(1);
    }

    [Fact]
    public void With_the_template_disabled_the_prompt_is_used_unchanged()
    {
        using RkllmModel model = library.Load();

        (string text, _, _) = Ask(model, "!prompt");

        text.Should().Be(Text("!prompt").Text);
    }

    [Fact]
    public void Embed_returns_the_last_hidden_layer()
    {
        using RkllmModel model = library.Load();

        HiddenStates first = model.Embed(Text("some words"), CancellationToken.None);
        HiddenStates again = model.Embed(Text("some words"), CancellationToken.None);
        HiddenStates other = model.Embed(Text("other words"), CancellationToken.None);

        first.Width.Should().Be(128);
        first.Values.Should().HaveCount(first.TokenCount * first.Width);
        first.Values.Take(first.Width).Sum(value => (double)value * value).Should().BeApproximately(1, 1e-3);
        again.Values.Should().Equal(first.Values);
        other.Values.Should().NotEqual(first.Values);
    }

    [Fact]
    public void Sampling_and_token_limit_apply_per_run_from_1_3_on()
    {
        using RkllmModel model = library.Load(parameters => parameters with { Sampling = new(TopK: 20, Temperature: 0.5f) });

        (_, RunEnd end, _) = Ask(model, "!count 30", new(new(Temperature: 0.25f), MaxNewTokens: 5));

        model.HasPerRunSampling.Should().Be(IsAtLeast(1, 3, 0));
        end.TokenCount.Should().Be(IsAtLeast(1, 3, 0) ? 5 : 30);
        string init = library.LastCall("rkllm_init").GetRawText();
        init.Should().Contain("\"top_k\":20").And.Contain("\"temperature\":0.5");
        if (IsAtLeast(1, 3, 0))
            library.LastCall("rkllm_run").GetRawText().Should().Contain("\"top_k\":20").And.Contain("\"temperature\":0.25").And.Contain("\"repeat_penalty\":1.1");
    }

    [Fact]
    public void Load_passes_all_parameters_to_the_library()
    {
        using RkllmModel model = library.Load();

        string init = library.LastCall("rkllm_init").GetRawText();

        init.Should().Contain("\"max_context_len\":4096").And.Contain("\"max_new_tokens\":512").And.Contain("\"top_k\":40");
        init.Should().MatchRegex("\"skip_special_token\":(1|true)").And.MatchRegex("\"is_async\":(0|false)");
        init.Should().Contain($"\"base_domain_id\":{(IsAtLeast(1, 2, 2) ? 1 : 0)}");
        if (IsAtLeast(1, 2, 0))
            init.Should().Contain("\"embed_flash\":1").And.Contain("\"enabled_cpus_num\":4").And.MatchRegex("\"enabled_cpus_mask\":(240|\"0xf0\")");
    }

    [Fact]
    public void Text_input_has_the_role_user_and_keeps_no_history()
    {
        using RkllmModel model = library.Load();

        Ask(model, "!echo x");

        JsonElement run = library.LastCall("rkllm_run");
        if (IsAtLeast(1, 2, 1))
            run.GetProperty("role").GetString().Should().Be("user");
        if (IsAtLeast(1, 2, 0))
            run.GetProperty("keep_history").GetInt32().Should().Be(0);
    }

    [Fact]
    public void ClearKvCache_clears_the_cache_between_runs()
    {
        using RkllmModel model = library.Load();
        Ask(model, "!echo one");

        model.ClearKvCache();
        (_, RunEnd end, _) = Ask(model, "!echo one");

        end.Reason.Should().Be(RunEndReason.Stop);
        if (IsAtLeast(1, 2, 1))
            end.Statistics!.PrefillTokens.Should().BeGreaterThan(5, "nothing was left to reuse");
    }

    [Fact]
    public void An_invalid_model_file_is_refused_from_1_2_on()
    {
        // 1.1 reports success for such a file. Only the first run fails.
        if (!IsAtLeast(1, 2, 0))
            return;

        Action load = () => library.Load(parameters => parameters with { ModelPath = "/nowhere/at/all.rkllm" });

        load.Should().Throw<RkllmException>().WithMessage("*rkllm_init returned -1*");
    }

    [Fact]
    public void Nonzero_padding_in_the_default_parameters_has_no_effect()
    {
        Set("RKLLM_SIMULATOR_PADDING", "dirty");
        using RkllmModel model = library.Load();

        (string text, _, _) = Ask(model, "!echo same");
        Set("RKLLM_SIMULATOR_PADDING", null);

        text.Should().Be("same");
    }

    [Fact]
    public void A_NUL_in_the_prompt_does_not_truncate_it()
    {
        using RkllmModel model = library.Load();

        (string text, _, _) = Ask(model, "!echo before\0after");

        text.Should().Be("before\uFFFDafter");
    }
}
