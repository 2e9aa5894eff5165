namespace RkLlama.Prompts.Tests.Building;

/// <summary>Files of a model that are no regular files, or are too large. None of them makes a load wait.</summary>
public sealed class IrregularFileTests
{
    private static readonly Conversation _hello = new([new("user", "Hi")]);

    [Theory]
    [InlineData("tokenizer.json", PromptComponent.Tokenizer)]
    [InlineData("qwen.tiktoken", PromptComponent.Tokenizer)]
    [InlineData("chat_template.jinja", PromptComponent.Template)]
    [InlineData("tokenizer_config.json", PromptComponent.Template)]
    public void A_named_pipe_is_a_warning(string name, PromptComponent part)
    {
        using ModelDirectory model = new();
        model.AddPipe(name);

        PromptBuilder prompts = model.Load("qwen");

        prompts.Notes.Should().Contain(note => note.IsWarning && note.Part == part && note.Text.Contains($"{name}' is a named pipe"));
        prompts.Build(_hello).Text.Text.Should().StartWith("<|im_start|>");
    }

    [Fact]
    public void A_named_pipe_that_TEMPLATE_names_is_an_error()
    {
        using ModelDirectory model = new();
        model.AddPipe("own.jinja");

        FluentActions.Invoking(() => model.Load(with: settings => settings with { Template = "own.jinja" })).Should().Throw<PromptException>()
            .WithMessage("*named pipe*").Which.Message.Should().NotContain(".)").And.NotContain("..");
    }

    [Theory]
    [InlineData("tokenizer.json", 64)]
    [InlineData("qwen.tiktoken", 32)]
    [InlineData("chat_template.jinja", 1)]
    [InlineData("tokenizer_config.json", 16)]
    public void A_file_beyond_its_limit_is_a_warning_with_the_limit(string name, int maxMebibytes)
    {
        using ModelDirectory model = new();
        using (FileStream file = File.Create(Path.Combine(model.Path, name)))
            file.SetLength((maxMebibytes << 20) + 1); // a sparse file

        model.Load("qwen").Notes.Should().Contain(note => note.IsWarning && note.Text.Contains($"{name}' is larger than the limit for this file, {maxMebibytes} MiB"));
    }

    [Fact]
    public void A_load_can_be_cancelled()
    {
        using ModelDirectory model = new();
        model.AddTokenizer();
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();

        FluentActions.Invoking(() => PromptBuilder.Load(new("m") { Directory = model.Path }, TimeProvider.System, cancellationToken: cancelled.Token))
            .Should().Throw<OperationCanceledException>();
    }
}
