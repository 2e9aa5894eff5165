using System.Text;
using System.Text.Json;
using RkLlama.Native.Tests.Support;
using static RkLlama.Native.Tests.Support.LoadedLibrary;

namespace RkLlama.Native.Tests;

/// <summary>The real ABI in this process, on the simulator build that the run is about.</summary>
[Collection(LibraryCollection.Name)]
public sealed class RkllmModelTests(LoadedLibrary library)
{
    private static bool IsAtLeast(int major, int minor, int patch) => RuntimeUnderTest >= new Version(major, minor, patch);

    [Fact]
    public void The_library_is_identified()
    {
        library.Library.Identity.Family.Should().Be(TestPaths.Runtime switch
        {
            "1.1.4" => RuntimeFamily.V11,
            "1.2.0" => RuntimeFamily.V120,
            "1.2.3" => RuntimeFamily.V121,
            "1.3.0" => RuntimeFamily.V130,
            _ => RuntimeFamily.V131,
        });
    }

    [Fact]
    public void Tokens_come_in_order_and_the_end_comes_last()
    {
        using RkllmModel model = library.Load();

        (string text, GenerationEnd end, int pieces) = Ask(model, "!count 30");

        text.Trim().Should().Be(string.Join(' ', Enumerable.Range(1, 30)));
        end.Reason.Should().Be(RunEndReason.Stop);
        end.TokenCount.Should().Be(30);
        pieces.Should().Be(32, "30 tokens, the end-of-text token and the end");
    }

    [Fact]
    public void An_answer_ends_at_the_limit()
    {
        using RkllmModel model = library.Load(parameters => parameters with { MaxNewTokens = 7 });

        (_, GenerationEnd end, _) = Ask(model, "!count 30");

        end.Reason.Should().Be(RunEndReason.Length);
        end.TokenCount.Should().Be(7);
    }

    [Fact]
    public void Statistics_are_there_from_1_2_1_on()
    {
        using RkllmModel model = library.Load();

        (_, GenerationEnd end, _) = Ask(model, "!count 10");

        if (IsAtLeast(1, 2, 1))
            end.Statistics.Should().Match<RunStatistics>(statistics => statistics.PrefillTokens > 0 && statistics.DecodeTokens >= 9);
        else
            end.Statistics.Should().BeNull();
    }

    [Theory]
    [InlineData("A")]
    [InlineData("B")]
    [InlineData("C")]
    public void Characters_of_several_tokens_are_whole_in_every_shape(string shape)
    {
        Set("RKLLM_SIMULATOR_UTF8", shape);
        using RkllmModel model = library.Load();

        (string text, GenerationEnd end, _) = Ask(model, "!echo a😀b漢字c🚀");
        Set("RKLLM_SIMULATOR_UTF8", null);

        text.Should().Be("a😀b漢字c🚀");
        end.Reason.Should().Be(RunEndReason.Stop);
    }

    [Fact]
    public void Cancelling_ends_the_run_and_the_next_one_is_clean()
    {
        using RkllmModel model = library.Load();
        using CancellationTokenSource cancel = new();
        GenerationEnd? end = null;

        foreach (GenerationPiece piece in model.Generate(Text("!sleep 5 5000"), RunParameters.Default, cancel.Token))
        {
            end = piece.End;
            cancel.Cancel();
        }

        end!.Reason.Should().Be(RunEndReason.Cancelled);
        Ask(model, "!echo clean").Text.Should().Be("clean");
    }

    [Fact]
    public void Leaving_early_aborts_the_run_and_waits_for_its_end()
    {
        using RkllmModel model = library.Load();

        foreach (GenerationPiece piece in model.Generate(Text("!sleep 5 5000"), RunParameters.Default, CancellationToken.None))
            break;

        Ask(model, "!echo clean").Text.Should().Be("clean");
    }

    [Fact]
    public void A_run_that_is_cancelled_before_it_begins_ends_too()
    {
        using RkllmModel model = library.Load();

        (_, GenerationEnd end, _) = Read(model.Generate(Text("!loop"), RunParameters.Default, new CancellationToken(canceled: true)));

        end.Reason.Should().Be(RunEndReason.Cancelled);
        Ask(model, "!echo clean").Text.Should().Be("clean");
    }

    [Fact]
    public void One_run_at_a_time_and_no_end_of_the_model_in_between()
    {
        RkllmModel model = library.Load();
        IEnumerator<GenerationPiece> run = model.Generate(Text("!sleep 5 5000"), RunParameters.Default, CancellationToken.None).GetEnumerator();
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
    public void Token_ids_say_the_same_as_text()
    {
        using RkllmModel model = library.Load();
        int[] bytes = [.. Encoding.UTF8.GetBytes(Text("What is the capital of France?").Text!).Select(value => (int)value)];

        (string text, _, _) = Read(model.Generate(GenerationInput.FromTokens(bytes), RunParameters.Default, CancellationToken.None));

        text.Should().Be("The capital of France is Paris.");
        library.LastCall("rkllm_run").GetProperty("input_type").GetInt32().Should().Be(1);
    }

    [Fact]
    public void Without_the_librarys_template_the_prompt_goes_in_as_it_is()
    {
        using RkllmModel model = library.Load();

        (string text, _, _) = Ask(model, "!prompt");

        text.Should().Be(Text("!prompt").Text);
    }

    [Fact]
    public void An_embedding_is_the_last_hidden_layer()
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
    public void Sampling_and_limit_of_a_run_are_honoured_from_1_3_on()
    {
        using RkllmModel model = library.Load(parameters => parameters with { Sampling = new(TopK: 20, Temperature: 0.5f) });

        (_, GenerationEnd end, _) = Ask(model, "!count 30", new(new(Temperature: 0.25f), MaxNewTokens: 5));

        model.HasPerRunSampling.Should().Be(IsAtLeast(1, 3, 0));
        end.TokenCount.Should().Be(IsAtLeast(1, 3, 0) ? 5 : 30);
        string init = library.LastCall("rkllm_init").GetRawText();
        init.Should().Contain("\"top_k\":20").And.Contain("\"temperature\":0.5");
        if (IsAtLeast(1, 3, 0))
            library.LastCall("rkllm_run").GetRawText().Should().Contain("\"top_k\":20").And.Contain("\"temperature\":0.25").And.Contain("\"repeat_penalty\":1.1");
    }

    [Fact]
    public void A_model_is_loaded_with_what_the_board_wants()
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
    public void Text_has_the_users_role_and_no_history_is_kept()
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
    public void The_cache_can_be_emptied_between_runs()
    {
        using RkllmModel model = library.Load();
        Ask(model, "!echo one");

        model.ClearKvCache();
        (_, GenerationEnd end, _) = Ask(model, "!echo one");

        end.Reason.Should().Be(RunEndReason.Stop);
        if (IsAtLeast(1, 2, 1))
            end.Statistics!.PrefillTokens.Should().BeGreaterThan(5, "nothing was left to reuse");
    }

    [Theory]
    [InlineData("run_minus1")]
    [InlineData("error_state")]
    [InlineData("no_finish")]
    public void A_run_that_fails_ends_with_an_error(string fault)
    {
        using RkllmModel model = library.Load();

        (_, GenerationEnd end, _) = Ask(model, $"!fault {fault}");

        end.Reason.Should().Be(RunEndReason.Error);
        end.Error.Should().NotBeNullOrEmpty();
        Ask(model, "!echo clean").Text.Should().Be("clean");
    }

    [Theory]
    [InlineData("null_text")]
    [InlineData("null_result")]
    [InlineData("double_finish")]
    [InlineData("invalid_utf8")]
    [InlineData("embedded_control_chars")]
    [InlineData("huge_piece")]
    [InlineData("empty_stream")]
    [InlineData("garbage_tokens")]
    public void What_the_library_brings_is_survived_and_is_valid_text(string fault)
    {
        using RkllmModel model = library.Load();

        (_, GenerationEnd end, _) = Ask(model, $"!fault {fault}");

        end.Reason.Should().BeOneOf(RunEndReason.Stop, RunEndReason.Length);
        Ask(model, "!echo clean").Text.Should().Be("clean");
    }

    [Fact]
    public void A_file_that_is_no_model_is_refused_from_1_2_on()
    {
        // 1.1 says that it loaded such a file, and aborts at the first run.
        if (!IsAtLeast(1, 2, 0))
            return;

        Action load = () => library.Load(parameters => parameters with { ModelPath = "/nowhere/at/all.rkllm" });

        load.Should().Throw<RkllmException>().WithMessage("*rkllm_init returned -1*");
    }

    [Fact]
    public void Dirty_padding_in_the_defaults_changes_nothing()
    {
        Set("RKLLM_SIMULATOR_PADDING", "dirty");
        using RkllmModel model = library.Load();

        (string text, _, _) = Ask(model, "!echo same");
        Set("RKLLM_SIMULATOR_PADDING", null);

        text.Should().Be("same");
    }

    [Fact]
    public void A_nul_in_the_prompt_does_not_cut_it()
    {
        using RkllmModel model = library.Load();

        (string text, _, _) = Ask(model, "!echo before\0after");

        text.Should().Be("before\uFFFDafter");
    }

    [Fact]
    public void Many_runs_leave_no_thread_behind()
    {
        using RkllmModel model = library.Load();
        Ask(model, "!echo warm");
        int before = Directory.GetDirectories("/proc/self/task").Length;

        for (int i = 0; i < 200; i++)
            Ask(model, "!echo again");

        Directory.GetDirectories("/proc/self/task").Length.Should().BeLessThan(before + 20);
    }
}
