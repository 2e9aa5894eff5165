using RkLlama.Engine.Limits;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Residency;

public sealed class PromptBuilderFactoryTests : IAsyncDisposable
{
    private readonly EngineNode _node = new(static options => options with { LoadTimeout = TimeSpan.FromMilliseconds(1) });

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task A_load_of_an_unloaded_model_ends()
    {
        using CancellationTokenSource unloaded = new();
        await unloaded.CancelAsync();

        await _node.Invoking(node => node.PromptFactory.LoadAsync(node.Catalog.Find("m"), unloaded.Token).WaitAsync(Patience)).Should().ThrowAsync<ModelUnloadedException>();
    }

    [Fact]
    public async Task A_load_ends_when_the_server_stops()
    {
        await _node.Cpu.CloseAsync();

        await _node.Invoking(node => node.PromptFactory.LoadAsync(node.Catalog.Find("m")).WaitAsync(Patience)).Should().ThrowAsync<DrainingException>();
        await _node.Invoking(node => node.Host.LoadAsync(node.Catalog.Find("m")).WaitAsync(Patience)).Should().ThrowAsync<NoModelException>();
        _node.Host.HasModel.Should().BeFalse();
    }

    [Fact]
    public async Task A_named_pipe_as_tokenizer_or_template_does_not_delay_a_load()
    {
        _node.MakePipe("m/tokenizer.json");
        _node.MakePipe("m/chat_template.jinja");

        ModelInstance model = await _node.Host.LoadAsync(_node.Catalog.Find("m")).WaitAsync(Patience);

        (await model.Prompts).Notes.Should().Contain(note => note.IsWarning && note.Text.Contains("is a named pipe"));
    }

    [Fact]
    public async Task A_model_whose_template_could_not_be_loaded_is_read_again()
    {
        _node.AddModel("m", "FROM=\"m.rkllm\"\nTEMPLATE=\"own.jinja\"\n");
        ModelInstance broken = _node.Host.Find("m");
        await _node.Invoking(_ => broken.Prompts.WaitAsync(Patience)).Should().ThrowAsync<EngineException>();

        _node.Write("m/own.jinja", "text");

        (await _node.Host.Find("m").Prompts.WaitAsync(Patience)).TemplateSource.Should().Be("text");
    }
}
