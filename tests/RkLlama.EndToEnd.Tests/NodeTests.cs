using System.Net;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>Behaviour that is the same for every ABI group, tested with server and worker processes and the real ABI.</summary>
public sealed class NodeTests
{
    [Theory]
    [ClassData(typeof(EveryRuntime))]
    public async Task Load_generate_unload(string runtime)
    {
        await using Node node = await Node.StartAsync(runtime);
        await node.LoadAsync("DeepSeek-R1-1.5B");

        (HttpStatusCode currentStatus, JsonElement current) = await node.GetJsonAsync("/current_model");
        (HttpStatusCode status, JsonElement body) = await node.PostJsonAsync("/generate", Node.Chat("What is the capital of France?"));
        (HttpStatusCode unloadStatus, JsonElement unloaded) = await node.PostJsonAsync("/unload_model", "");

        (currentStatus, status, unloadStatus).Should().Be((HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK));
        current.GetRawText().Should().Be("""{"model":"DeepSeek-R1-1.5B","model_name":"DeepSeek-R1-1.5B"}""");
        JsonElement choice = body.GetProperty("choices")[0];
        choice.GetProperty("content").GetString().Should().Be("The capital of France is Paris.");
        choice.GetProperty("finish_reason").GetString().Should().Be("stop");
        body.GetProperty("usage").GetProperty("completion_tokens").GetInt32().Should().BePositive();
        unloaded.GetProperty("message").GetString().Should().Be("Model unloaded successfully.");
        node.Workers().Should().BeEmpty();
    }

    [Theory]
    [ClassData(typeof(EveryRuntime))]
    public async Task A_stream_has_one_line_per_token_and_a_last_one(string runtime)
    {
        await using Node node = await Node.StartAsync(runtime);
        await node.LoadAsync();

        using HttpResponseMessage response = await node.StreamAsync("!count 50");
        string text = await response.Content.ReadAsStringAsync();

        JsonElement[] lines = [.. text.TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];
        lines.Should().HaveCount(51);
        lines[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32().Should().Be(50);
        lines[^1].GetProperty("choices")[0].GetProperty("finish_reason").GetString().Should().Be("stop");
        string.Concat(lines.Select(line => line.GetProperty("choices")[0].GetProperty("content").GetString())).Trim()
            .Should().Be(string.Join(' ', Enumerable.Range(1, 50)));
    }

    [Theory]
    [ClassData(typeof(EveryRuntime))]
    public async Task A_name_from_an_earlier_message_is_in_the_prompt(string runtime)
    {
        await using Node node = await Node.StartAsync(runtime);
        await node.LoadAsync();

        (_, JsonElement body) = await node.PostJsonAsync("/generate", """
            {"messages":[{"role":"user","content":"My name is Zoë."},{"role":"assistant","content":"Hello Zoë! Nice to meet you."},{"role":"user","content":"What is my name?"}]}
            """);

        body.GetProperty("choices")[0].GetProperty("content").GetString().Should().Contain("Zoë");
    }

    [Theory]
    [ClassData(typeof(EveryRuntime))]
    public async Task Characters_that_span_several_tokens_arrive_complete(string runtime)
    {
        foreach (string shape in (string[])["A", "B", "C"])
        {
            await using Node node = await Node.StartAsync(runtime, null, ("RKLLM_SIMULATOR_UTF8", shape));
            await node.LoadAsync();

            string answer = await node.AskAsync("!emoji 20");
            string after = await node.AskAsync("!echo äöü 漢字 😀");

            answer.Should().NotContain("\uFFFD").And.NotBeEmpty();
            answer.EnumerateRunes().Count(rune => rune.Value > 0xFFFF).Should().BeGreaterThanOrEqualTo(20);
            after.Should().Be("äöü 漢字 😀");
        }
    }

    [Theory]
    [ClassData(typeof(EveryRuntime))]
    public async Task The_model_is_limited_by_max_new_tokens(string runtime)
    {
        await using Node node = await Node.StartAsync(runtime);
        await node.LoadAsync("m", "FROM=\"demo.rkllm\"\nMAX_NEW_TOKENS=10\n");

        (_, JsonElement body) = await node.PostJsonAsync("/generate", Node.Chat("!count 50"));

        body.GetProperty("choices")[0].GetProperty("finish_reason").GetString().Should().Be("length");
        body.GetProperty("usage").GetProperty("completion_tokens").GetInt32().Should().Be(10);
    }

    [Theory]
    [ClassData(typeof(EveryRuntime))]
    public async Task The_prompt_is_exactly_the_chatml_of_the_server(string runtime)
    {
        await using Node node = await Node.StartAsync(runtime);
        await node.LoadAsync("m", "FROM=\"demo.rkllm\"\nSYSTEM=\"Be brief.\"\n");

        string prompt = await node.AskAsync("!prompt");

        prompt.Should().Be("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n!prompt<|im_end|>\n<|im_start|>assistant\n");
    }

    [Fact]
    public async Task An_empty_system_prompt_adds_no_system_message()
    {
        await using Node node = await Node.StartAsync("1.2.3");
        await node.LoadAsync("m", "FROM=\"demo.rkllm\"\nSYSTEM=\"\"\n");

        (await node.AskAsync("!prompt")).Should().Be("<|im_start|>user\n!prompt<|im_end|>\n<|im_start|>assistant\n");
    }

    [Theory]
    [ClassData(typeof(EveryRuntime))]
    public async Task Each_of_200_requests_of_16_clients_gets_its_own_complete_answer(string runtime)
    {
        await using Node node = await Node.StartAsync(runtime, ["--port", "0", "--queue", "200"]);
        await node.LoadAsync();

        int next = 0;
        string[] wrong = [.. (await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(ClientAsync)))).SelectMany(errors => errors)];

        wrong.Should().BeEmpty();
        node.Log.Should().NotContain("   at ");

        async Task<List<string>> ClientAsync()
        {
            List<string> errors = [];
            using HttpClient client = node.NewClient();
            for (int i; (i = Interlocked.Increment(ref next)) <= 200;)
            {
                string expected = string.Join(' ', Enumerable.Repeat($"answer-{i}-ä😀", 1 + (i % 20)));
                bool stream = i % 2 == 0;
                using HttpResponseMessage response = await client.PostAsync(new Uri("/generate", UriKind.Relative), new StringContent(Node.Chat($"!echo {expected}", stream)));
                string text = await response.Content.ReadAsStringAsync();
                string answer = string.Concat(text.TrimEnd('\n').Split('\n')
                    .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("choices")[0].GetProperty("content").GetString()));
                string? reason = JsonDocument.Parse(text.TrimEnd('\n').Split('\n')[^1]).RootElement.GetProperty("choices")[0].GetProperty("finish_reason").GetString();
                if (answer != expected || reason != "stop")
                    errors.Add($"{i}: '{answer}' ({reason}) instead of '{expected}'");
            }

            return errors;
        }
    }

    [Theory]
    [ClassData(typeof(EveryRuntime))]
    public async Task A_client_that_disconnects_aborts_its_run_and_the_next_answer_is_clean(string runtime)
    {
        await using Node node = await Node.StartAsync(runtime);
        await node.LoadAsync();
        HttpResponseMessage response = await node.StreamAsync("!sleep 20 2000");
        await using (Stream stream = await response.Content.ReadAsStreamAsync())
            await stream.ReadAtLeastAsync(new byte[20], 20);

        response.Dispose();
        string next = await node.AskAsync("!echo clean");

        next.Should().Be("clean");
        node.Trace("rkllm_abort").Should().NotBeEmpty();
        await node.LogsAsync("Cancelled");
    }

    [Theory]
    [ClassData(typeof(EveryRuntime))]
    public async Task A_worker_that_crashes_fails_its_own_request_only(string runtime)
    {
        await using Node node = await Node.StartAsync(runtime);
        await node.LoadAsync();

        (HttpStatusCode status, JsonElement body) = await node.PostJsonAsync("/generate", Node.Chat("!fault segv:3"));
        string next = await node.AskAsync("!echo alive");

        status.Should().Be(HttpStatusCode.InternalServerError);
        body.GetProperty("error").GetString().Should().Contain("SIGSEGV");
        next.Should().Be("alive");
    }

    [Theory]
    [InlineData("wrong_platform", "target_platform")]
    [InlineData("npu_oom", "failed to")]
    [InlineData("no_device", "failed to open")]
    public async Task A_failed_load_reports_the_message_of_the_library(string fault, string words)
    {
        foreach (string runtime in TestPaths.Runtimes)
        {
            await using Node node = await Node.StartAsync(runtime, null, ("RKLLM_SIMULATOR_FAULT", fault));
            node.AddModel("m");

            (HttpStatusCode status, JsonElement body) = await node.PostJsonAsync("/load_model", """{"model_name":"m"}""");

            status.Should().Be(HttpStatusCode.BadRequest);
            body.GetProperty("error").GetString().Should().StartWith("Model m could not be loaded: ").And.Contain(words);
            (await node.GetJsonAsync("/current_model")).Status.Should().Be(HttpStatusCode.NotFound);
            await node.EventuallyAsync(() => node.Workers().Length == 0, "the failed worker should be gone");
        }
    }

    [Fact]
    public async Task A_load_that_1_1_reports_as_successful_but_that_failed_is_an_error()
    {
        await using Node node = await Node.StartAsync("1.1.4", null, ("RKLLM_SIMULATOR_FAULT", "init0_broken"));
        node.AddModel("m");

        (HttpStatusCode status, JsonElement body) = await node.PostJsonAsync("/load_model", """{"model_name":"m"}""");

        status.Should().Be(HttpStatusCode.BadRequest, node.Log);
        body.GetProperty("error").GetString().Should().Contain("could not be loaded");
    }

    [Theory]
    [InlineData("1.2.0")]
    [InlineData("1.2.3")]
    [InlineData("1.3.0")]
    public async Task A_context_length_that_the_model_does_not_allow_is_clamped(string runtime)
    {
        await using Node node = await Node.StartAsync(runtime);

        await node.LoadAsync("m", "FROM=\"demo.rkllm\"\nNUM_CTX=16384\nMAX_NEW_TOKENS=8192\n");

        (await node.AskAsync("!echo ok")).Should().Be("ok");
        node.Log.Should().Contain("4096");
    }

    [Fact]
    public async Task Library_lines_become_log_lines_with_their_level()
    {
        await using Node node = await Node.StartAsync("1.2.3", null, ("RKLLM_SIMULATOR_FAULT", "wrong_platform"));
        node.AddModel("m");

        await node.PostJsonAsync("/load_model", """{"model_name":"m"}""");

        node.Log.Should().MatchRegex(@"INF rkllm: rkllm-runtime version: 1\.2\.3").And.MatchRegex("ERR rkllm: .*target_platform");
    }

    [Fact]
    public async Task Sampling_parameters_are_set_per_run_on_1_3_and_at_the_load_on_older_versions()
    {
        foreach (string runtime in TestPaths.Runtimes)
        {
            await using Node node = await Node.StartAsync(runtime);
            await node.LoadAsync("m", "FROM=\"demo.rkllm\"\nTEMPERATURE=0.25\nTOP_K=7\nNUM_CTX=2048\nMAX_NEW_TOKENS=99\n");
            await node.AskAsync("!echo x");

            string init = node.Trace("rkllm_init")[^1].GetRawText();
            string run = node.Trace("rkllm_run")[^1].GetRawText();

            init.Should().Contain("0.25").And.Contain("2048").And.Contain("99");
            if (runtime.StartsWith("1.3", StringComparison.Ordinal))
                run.Should().Contain("0.25");
        }
    }
}
