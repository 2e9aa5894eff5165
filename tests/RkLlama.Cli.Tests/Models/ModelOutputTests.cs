using System.Text.Json;
using RkLlama.Cli.Models;
using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Cli.Tests.Models;

public sealed class ModelOutputTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 29, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_list_is_that_of_ollama()
    {
        IReadOnlyList<ModelRow> models = ModelRow.ReadAll(JsonElement.Parse("""
            {"models":[{"name":"demo:latest","digest":"63bc5759228faa7ca4b6","size":1800000000,"modified_at":"2026-11-27T12:00:00Z"},
            {"name":"qwen2.5:1.5b","digest":"sha256:0123456789abcdef","size":6447,"modified_at":"2026-11-29T11:59:00Z"}]}
            """));

        ModelTables.List(models, Now).Should().Be(
            "NAME            ID              SIZE      MODIFIED     \n"
            + "demo:latest     63bc5759228f    1.8 GB    2 days ago            \n"
            + "qwen2.5:1.5b    0123456789ab    6.4 KB    About a minute ago    \n");
        ModelTables.WithPrefix(models, "QWEN").Should().ContainSingle();
    }

    [Theory]
    [InlineData("2318-01-01T00:00:00Z", "Forever")]
    [InlineData("2026-11-29T12:04:59Z", "4 minutes from now")]
    [InlineData("2026-11-29T11:59:59Z", "Stopping...")]
    public void A_loaded_model_is_on_the_NPU_until_its_time_is_over(string expires, string until)
    {
        IReadOnlyList<ModelRow> models = ModelRow.ReadAll(JsonElement.Parse($$"""
            {"models":[{"name":"demo:latest","digest":"63bc5759228faa","size":1800000000,"modified_at":"2026-11-27T12:00:00Z","expires_at":"{{expires}}","context_length":4096,
            "state":"loaded","slots":2,"npu_domains":[1,3]}]}
            """));

        ModelTables.Running(models, Now).Split('\n')[1].TrimEnd().Should().Be($"demo:latest    63bc5759228f    1.8 GB    100% NPU     4096       loaded    2        1,3        {until}");
    }

    [Fact]
    public void The_memory_of_the_node_is_one_line()
    {
        JsonElement reply = JsonElement.Parse("""
            {"models":[],"memory":{"total_bytes":16000000000,"available_bytes":9000000000,"reserved_bytes":800000000,"free_bytes":8200000000,"models_bytes":5300000000,"free_npu_domains":12}}
            """);

        ModelTables.Memory(reply).Should().Be("Memory: 16 GB, models 5.3 GB, free for models 8.2 GB, reserved 800 MB. NPU domains: 12 free");
        ModelTables.Memory(JsonElement.Parse("{}")).Should().BeNull("an older node does not report it");
        ModelTables.Json(reply, "x").Should().Contain("free_npu_domains");
    }

    [Fact]
    public void A_list_of_another_server_is_an_error_of_one_sentence() =>
        FluentActions.Invoking(static () => ModelRow.ReadAll(JsonElement.Parse("""{"models":[1]}"""))).Should().Throw<CommandException>();

    [Fact]
    public void The_description_of_a_model_is_that_of_ollama()
    {
        JsonElement reply = JsonElement.Parse("""
            {"parameters":"num_ctx 4096\nstop \"a b\"","license":"MIT\n\ntwo\nthree","details":{"family":"qwen2","parameter_size":"1.5B","quantization_level":"W8A8"},
             "model_info":{"general.architecture":"qwen2","qwen2.context_length":4096},"capabilities":["completion","tools"]}
            """);

        string.Join('\n', ModelDescription.Format(reply, verbose: false).Split('\n').Select(static line => line.TrimEnd())).Should().Be("""
              Model
                architecture      qwen2
                parameters        1.5B
                context length    4096
                quantization      W8A8

              Capabilities
                completion
                tools

              Parameters
                num_ctx    4096
                stop       "a b"

              License
                MIT
                two
                ...


            """);
        ModelDescription.Format(reply, verbose: true).Should().Contain("  Metadata\n    general.architecture    qwen2");
    }

    [Theory]
    [InlineData("FROM=\"demo.rkllm\"\nSYSTEM=\"Be brief.\"\nTEMPERATURE=0.5\nHUGGINGFACE_PATH=\"a/b\"\n")]
    [InlineData("FROM demo.rkllm\nSYSTEM \"\"\"Be brief.\"\"\"\nPARAMETER temperature 0.5\n")]
    public void A_Modelfile_of_either_syntax_becomes_the_request(string text)
    {
        CreateBody body = CreateCommand.Read("new", new ModelfileSource("Modelfile", text));

        (body.Model, body.From, body.System, body.Modelfile).Should().Be(("new", "demo.rkllm", "Be brief.", text));
        body.Parameters!.Single().ToString().Should().Be("[temperature, 0.5]");
    }

    [Fact]
    public void A_Modelfile_without_FROM_is_refused() =>
        FluentActions.Invoking(static () => CreateCommand.Read("new", new ModelfileSource("my file", "SYSTEM=\"x\"\n"))).Should().Throw<CommandException>().WithMessage("my file has no FROM");

    [Fact]
    public void The_status_has_a_line_for_each_value_also_for_those_of_later_versions()
    {
        JsonElement health = JsonElement.Parse("""
            {"status":"ok","version":"0.1.0","uptime_seconds":3725,"state":"loaded","model":"demo","driver_version":null,"queue":{"running":1,"waiting":2},"downloads":[{"model":"m","percent":12.5}],
            "models":[{"name":"demo","state":"loaded","pinned":true,"memory_bytes":4000000000,"expires_in_seconds":null},{"name":"e","state":"loaded","pinned":false,"memory_bytes":5000,"expires_in_seconds":90}]}
            """);

        StatusCommand.Format(new("http://node1:8080/"), health).Should().Be("""
            node         http://node1:8080
            version      0.1.0
            uptime       1h2m
            state        loaded
            model        demo
            queue        1 running, 2 waiting
            downloads    model m, 12.5 percent
            models       demo, state loaded, pinned, 4 GB memory; e, state loaded, 5 KB memory, expires in 1m30s

            """);
    }
}
