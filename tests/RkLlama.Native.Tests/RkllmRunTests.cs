using RkLlama.Native.Tests.Support;
using static RkLlama.Native.Tests.Support.LoadedLibrary;

namespace RkLlama.Native.Tests;

/// <summary>One run of the library, on the simulator build that this test run selects.</summary>
[Collection(LibraryCollection.Name)]
public sealed class RkllmRunTests(LoadedLibrary library)
{
    [Fact]
    public void Tokens_arrive_in_order_and_the_end_is_last()
    {
        using RkllmModel model = library.Load();

        (string text, RunEnd end, int pieces) = Ask(model, "!count 30");

        text.Trim().Should().Be(string.Join(' ', Enumerable.Range(1, 30)));
        end.Reason.Should().Be(RunEndReason.Stop);
        end.TokenCount.Should().Be(30);
        pieces.Should().Be(32, "30 tokens, the end-of-text token and the end");
    }

    [Fact]
    public void A_run_ends_at_its_token_limit()
    {
        using RkllmModel model = library.Load(parameters => parameters with { MaxNewTokens = 7 });

        (_, RunEnd end, _) = Ask(model, "!count 30");

        end.Reason.Should().Be(RunEndReason.Length);
        end.TokenCount.Should().Be(7);
    }

    [Fact]
    public void Statistics_are_available_from_1_2_1_on()
    {
        using RkllmModel model = library.Load();

        (_, RunEnd end, _) = Ask(model, "!count 10");

        if (IsAtLeast(1, 2, 1))
            end.Statistics.Should().Match<RunStatistics>(statistics => statistics.PrefillTokens > 0 && statistics.DecodeTokens >= 9);
        else
            end.Statistics.Should().BeNull();
    }

    [Theory]
    [InlineData("A")]
    [InlineData("B")]
    [InlineData("C")]
    public void A_character_of_several_tokens_is_assembled_in_every_delivery_form(string shape)
    {
        Set("RKLLM_SIMULATOR_UTF8", shape);
        using RkllmModel model = library.Load();

        (string text, RunEnd end, _) = Ask(model, "!echo a😀b漢字c🚀");
        Set("RKLLM_SIMULATOR_UTF8", null);

        text.Should().Be("a😀b漢字c🚀");
        end.Reason.Should().Be(RunEndReason.Stop);
    }

    [Fact]
    public void Cancellation_ends_the_run_and_the_next_run_succeeds()
    {
        using RkllmModel model = library.Load();
        using CancellationTokenSource cancel = new();
        RunEnd? end = null;

        foreach (RunPiece piece in model.Generate(Text("!sleep 5 5000"), RunParameters.Default, cancel.Token))
        {
            end = piece.End;
            cancel.Cancel();
        }

        end!.Reason.Should().Be(RunEndReason.Cancelled);
        Ask(model, "!echo clean").Text.Should().Be("clean");
    }

    [Fact]
    public void Leaving_the_loop_aborts_the_run_and_waits_for_its_end()
    {
        using RkllmModel model = library.Load();

        foreach (RunPiece piece in model.Generate(Text("!sleep 5 5000"), RunParameters.Default, CancellationToken.None))
            break;

        Ask(model, "!echo clean").Text.Should().Be("clean");
    }

    [Fact]
    public void A_run_cancelled_before_it_starts_ends_as_cancelled()
    {
        using RkllmModel model = library.Load();

        (_, RunEnd end, _) = Read(model.Generate(Text("!loop"), RunParameters.Default, new CancellationToken(canceled: true)));

        end.Reason.Should().Be(RunEndReason.Cancelled);
        Ask(model, "!echo clean").Text.Should().Be("clean");
    }

    [Theory]
    [InlineData("run_minus1")]
    [InlineData("error_state")]
    [InlineData("no_finish")]
    [InlineData("huge_piece")]
    public void A_failed_run_ends_with_an_error(string fault)
    {
        using RkllmModel model = library.Load();

        (_, RunEnd end, _) = Ask(model, $"!fault {fault}");

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
    [InlineData("huge_piece:60000")]
    [InlineData("empty_stream")]
    [InlineData("garbage_tokens")]
    public void Malformed_callbacks_still_give_valid_text(string fault)
    {
        using RkllmModel model = library.Load();

        (_, RunEnd end, _) = Ask(model, $"!fault {fault}");

        end.Reason.Should().BeOneOf(RunEndReason.Stop, RunEndReason.Length);
        Ask(model, "!echo clean").Text.Should().Be("clean");
    }

    [Fact]
    public void Many_runs_leave_no_threads_behind()
    {
        using RkllmModel model = library.Load();
        Ask(model, "!echo warm");
        int before = Directory.GetDirectories("/proc/self/task").Length;

        for (int i = 0; i < 200; i++)
            Ask(model, "!echo again");

        Directory.GetDirectories("/proc/self/task").Length.Should().BeLessThan(before + 20);
    }
}
