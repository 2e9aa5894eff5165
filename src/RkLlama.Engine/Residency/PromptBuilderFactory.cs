using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Engine.Workers;
using RkLlama.Prompts;

namespace RkLlama.Engine.Residency;

/// <summary>Loads the chat template and the tokenizer of a model. Logs where they come from, and what is missing.</summary>
internal sealed partial class PromptBuilderFactory(TimeProvider time, ILogger<PromptBuilderFactory> logger)
{
    /// <summary>Loads the template and the tokenizer on the thread pool. Takes a few hundred milliseconds.</summary>
    /// <exception cref="EngineException">The Modelfile's template cannot be used, or the model's directory cannot be read.</exception>
    internal async Task<PromptBuilder> LoadAsync(ModelEntry entry)
    {
        try
        {
            PromptBuilder prompts = await Task.Run(() => PromptBuilder.Load(SettingsOf(entry), time)).ConfigureAwait(false);
            foreach (PromptNote note in prompts.Notes)
                Log.Note(logger, note.IsWarning ? LogLevel.Warning : LogLevel.Information, note.Text);
            return prompts;
        }
        catch (Exception ex) when (ex is PromptException or IOException or UnauthorizedAccessException)
        {
            throw new EngineException(ex.Message) { Code = FailureCode.TemplateInvalid };
        }
    }

    internal static PromptSettings SettingsOf(ModelEntry entry) => new(entry.Name)
    {
        FileName = Path.GetFileName(entry.ModelPath),
        Directory = entry.Directory,
        HuggingFacePath = entry.Modelfile.HuggingFacePath,
        SystemPrompt = entry.Modelfile.System,
        Template = entry.Modelfile.Template,
        Mode = entry.Modelfile.TemplateMode switch
        {
            TemplateMode.Text => PromptMode.Text,
            TemplateMode.Runtime => PromptMode.Runtime,
            _ => PromptMode.Tokens,
        },
        EnableThinking = entry.Modelfile.EnableThinking,
        GuardsSpecialTokens = entry.Modelfile.GuardSpecialTokens ?? true,
    };

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Message = "{Text}")]
        internal static partial void Note(ILogger logger, LogLevel level, string text);
    }
}
