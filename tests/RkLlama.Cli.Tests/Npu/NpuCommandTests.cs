using System.Text.Json;
using RkLlama.Cli.Npu;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Cli.Tests.Npu;

public sealed class NpuCommandTests : IDisposable
{
    private readonly Board _board = new();

    public void Dispose() => _board.Dispose();

    [Fact]
    public async Task The_table_has_all_values()
    {
        _board.Device(Board.Ddr, 528_000_000, "528000000 2112000000", "dmc_ondemand");

        (int code, string text) = await RunAsync();

        code.Should().Be(0);
        text.Should().Be("""
            platform            rk3588
            driver              rknpu 0.9.8
            core 0               45 %  #########...........
            core 1               42 %  ########............
            core 2               44 %  #########...........
            npu                 1000 MHz  (userspace)
            ddr                  528 MHz of 2112  (dmc_ondemand)
            gpu                 1000 MHz  (userspace)
            cpu0                1800 MHz  (userspace)
            cpu4                2352 MHz  (userspace)
            cpu6                2352 MHz  (userspace)
            soc-thermal          46.2 °C
            bigcore0-thermal     47.2 °C
            npu-thermal          45.3 °C
            memory              5879 of 7944 MiB available

            """);
    }

    [Fact]
    public async Task Missing_values_have_a_reason_and_set_the_exit_code()
    {
        _board.Delete(Board.Debugfs);

        (int code, string text) = await RunAsync();

        code.Should().Be(1);
        text.Should().Contain("\ndriver              unknown\nload                unknown\n")
            .And.EndWith("  driver_version: /sys/kernel/debug/rknpu/version is not there\n  load: /sys/kernel/debug/rknpu/load is not there\n");
    }

    [Fact]
    public async Task The_JSON_is_that_of_the_endpoint()
    {
        (_, string text) = await RunAsync(json: true);

        JsonElement json = JsonDocument.Parse(text).RootElement;
        json.GetProperty("load_percent").GetRawText().Should().Be("[45,42,44]");
        json.GetProperty("clocks")[1].GetRawText().Should().Be("""{"name":"ddr","hertz":2112000000,"max_hertz":2112000000,"governor":"userspace"}""");
    }

    [Fact]
    public async Task Watch_repeats_until_it_is_cancelled()
    {
        using CancellationTokenSource stop = new();
        CountingWriter output = new(lines =>
        {
            _board.Write($"{Board.Debugfs}/load", $"NPU load:  Core0: {lines}%, Core1: 0%, Core2: 0%,\n");
            if (lines == 3)
                stop.Cancel();
        });
        await using (output)
        {
            int code = await NpuCommand.RunAsync(new(_board.Root), TimeSpan.FromMilliseconds(1), json: true, output, isScreen: true, stop.Token);

            code.Should().Be(0);
            output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("load_percent")[0].GetInt32()).Should().Equal(45, 1, 2);
        }
    }

    private async Task<(int Code, string Text)> RunAsync(bool json = false)
    {
        await using StringWriter output = new();
        int code = await NpuCommand.RunAsync(new(_board.Root), null, json, output, isScreen: false, CancellationToken.None);
        return (code, output.ToString());
    }

    private sealed class CountingWriter(Action<int> onWrite) : StringWriter
    {
        private int _count;

        public override async Task WriteAsync(string? value)
        {
            await base.WriteAsync(value);
            onWrite(++_count);
        }
    }
}
