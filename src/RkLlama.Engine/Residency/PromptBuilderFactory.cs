using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Engine.Workers;
using RkLlama.Prompts;

namespace RkLlama.Engine.Residency;

/// <summary>Loads the chat template and the tokenizer of a model. Logs where they come from, and what is missing.</summary>
internal sealed partial class PromptBuilderFactory(NodeOptions options, CpuPool cpu, TimeProvider time, ILogger<PromptBuilderFactory> logger) : IDisposable
{
    // The number of models whose tokenizers are loaded at the same time, because each needs up to 64 MiB and a pool thread.
    private const int MaxLoads = 2;

    private readonly SemaphoreSlim _loads = new(MaxLoads);

    /// <summary>The memory that is freed if the heap is too small for a tokenizer.</summary>
    internal SpareMemory Spare => cpu.Spare;

    /// <summary>
    /// Loads the template and the tokenizer on the thread pool. Takes a few hundred milliseconds, and at most <see cref="NodeOptions.LoadTimeout"/>.
    /// </summary>
    /// <param name="unloaded">Ends the load.</param>
    /// <exception cref="EngineException">
    /// The Modelfile's template cannot be used, the model's directory cannot be read, or the load took too long.
    /// </exception>
    /// <exception cref="ModelUnloadedException"><paramref name="unloaded"/> was cancelled.</exception>
    /// <exception cref="DrainingException">The server is shutting down.</exception>
    internal async Task<PromptBuilder> LoadAsync(ModelEntry entry, CancellationToken unloaded = default)
    {
        using CancellationTokenSource timeout = new(options.LoadTimeout, time);
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, unloaded, cpu.Closed);
        CancellationToken cancellationToken = ended.Token;
        try
        {
            await _loads.WaitAsync(cancellationToken).ConfigureAwait(false);

            // The wait ends with the token also if the load does not, for example because a read of the disk blocks.
            PromptBuilder prompts = await Task.Run(Load, CancellationToken.None)
                .WaitAsync(cancellationToken).ConfigureAwait(false);
            foreach (PromptNote note in prompts.Notes)
                Log.Note(logger, note.IsWarning ? LogLevel.Warning : LogLevel.Information, note.Text);
            return prompts;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            if (unloaded.IsCancellationRequested)
                throw new ModelUnloadedException(entry.Name);
            if (cpu.Closed.IsCancellationRequested)
                throw new DrainingException();
            throw new EngineException(
                $"the tokenizer and the chat template of {entry.Name} could not be loaded within {options.LoadTimeout.TotalSeconds:0.###} s")
            {
                Code = FailureCode.TemplateInvalid,
            };
        }
        catch (Exception ex) when (ex is PromptException or IOException or UnauthorizedAccessException)
        {
            throw new EngineException(ex.Message) { Code = FailureCode.TemplateInvalid };
        }

        PromptBuilder Load()
        {
            try
            {
                return cpu.Spare.Use(() => PromptBuilder.Load(
                    SettingsOf(entry), time, () => new CpuBudget(CpuPool.PromptTime, CurrentThread.ProcessorTime, cancellationToken), cancellationToken));
            }
            finally
            {
                _loads.Release();
            }
        }
    }

    /// <summary>Checks the template that the Modelfile of a model names. Without one, checks nothing, because a load then finds another template.</summary>
    /// <param name="entry">The model. It need not exist, but its directory must have the file of the template, if the Modelfile names one.</param>
    /// <exception cref="PromptException">The template cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The check was cancelled.</exception>
    /// <exception cref="DrainingException">The server is shutting down.</exception>
    internal Task CheckTemplateAsync(ModelEntry entry, CancellationToken cancellationToken) => entry.Modelfile.Template is null
        ? Task.CompletedTask
        : cpu.RunAsync(
            entry.Name,
            CpuPool.PromptTime,
            budget => PromptBuilder.Load(SettingsOf(entry) with { Mode = PromptMode.Text }, time, () => budget, cancellationToken),
            cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _loads.Dispose();

    internal static PromptSettings SettingsOf(ModelEntry entry) => new(entry.Name)
    {
        FileName = Path.GetFileName(entry.ModelPath),
        Directory = entry.Directory,
        Tokenizer = TokenizerOf(entry),
        HuggingFacePath = entry.Modelfile.HuggingFacePath,
        SystemPrompt = entry.Modelfile.System,
        Messages = [.. entry.Modelfile.Messages.Select(static text => ModelfileMessage.Parse(text)!).Select(static message => new ChatMessage(message.Role, message.Content))],
        Template = entry.Modelfile.Template,
        Mode = entry.Modelfile.TemplateMode switch
        {
            TemplateMode.Text => PromptMode.Text,
            TemplateMode.Runtime => PromptMode.Runtime,
            _ => PromptMode.Tokens,
        },
        EnableThinking = entry.Modelfile.EnableThinking,
        UsesGenericTools = entry.Modelfile.Tools == ToolPrompt.Generic,
        GuardsSpecialTokens = entry.Modelfile.GuardSpecialTokens ?? true,
    };

    /// <summary>
    /// Returns the value of TOKENIZER. If it is a path with '..', symbolic links before that are resolved first, as in the kernel and as for FROM.
    /// </summary>
    private static string? TokenizerOf(ModelEntry entry) => entry.Modelfile.Tokenizer is { } tokenizer && tokenizer.Split('/').Contains("..")
        ? RealPath.Resolve(Path.Combine(entry.Directory ?? "/", tokenizer))
        : entry.Modelfile.Tokenizer;

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Message = "{Text}")]
        internal static partial void Note(ILogger logger, LogLevel level, string text);
    }
}
