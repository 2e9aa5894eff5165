using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using RkLlama.Prompts;
using RkLlama.Prompts.Files;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;
using RkLlama.Server.Monitoring;

namespace RkLlama.Server.Api.Ollama.Models;

/// <summary>The endpoints that list, show, copy, rename and delete models.</summary>
internal static class OllamaModelEndpoints
{
    // Value of expires_at for a model without an idle timer.
    private static readonly DateTimeOffset Never = new(2318, 1, 1, 0, 0, 0, TimeSpan.Zero);

    internal static JsonResult<OllamaModels> Tags(ModelCatalog catalog) =>
        new(new([.. catalog.Describe().Select(ModelOf)]), OllamaJson.Wire.OllamaModels);

    internal static JsonResult<OllamaModels> Running(ModelCatalog catalog, ModelHost host, TimeProvider time)
    {
        // The most recently used model is the first one. A failed model is not in memory.
        IReadOnlyList<Resident> residents = host.Residents;
        return new(
            new([.. residents.Where(static resident => resident.IsInMemory).Reverse().Select(RunningOf)]) { Memory = ResidentReport.MemoryOf(host.Memory.Read(), residents) },
            OllamaJson.Wire.OllamaModels);

        OllamaModel RunningOf(Resident resident)
        {
            ModelInstance model = resident.Model;
            ModelFileInfo facts = ModelFileInfo.Read(catalog, model.Name);
            return ModelOf(facts) with
            {
                ExpiresAt = OllamaTime.Of(model.IdleTimer is { } timer ? time.GetUtcNow() + timer.Remaining : Never),
                Size = resident.TotalBytes,
                SizeVram = resident.TotalBytes,
                ContextLength = model.ContextLength,
                State = model.State.ToWire(),
                Pinned = model.IsPinned,
                Slots = ResidentReport.SlotsOf(resident),
                NpuDomains = [.. ResidentReport.DomainsOf(resident)],
            };
        }
    }

    internal static async Task<JsonResult<OllamaShowReply>> Show(HttpContext context, RequestReader reader, ModelCatalog catalog, ModelHost host)
    {
        OllamaShowBody body = OllamaRequest.Read<OllamaShowBody>(await reader.ReadAsync(context).ConfigureAwait(false));
        ModelInstance model = host.Find(OllamaRequest.ModelOf(body));
        PromptBuilder? prompts = await PromptsOf(model, context.RequestAborted).ConfigureAwait(false);
        ModelFileInfo facts = ModelFileInfo.Read(catalog, model.Name);
        int contextLength = model.ContextLength;
        OllamaDetails details = DetailsOf(facts);
        return new(
            new(
                ModelfileText(model),
                ParametersOf(model, contextLength),
                prompts?.TemplateSource ?? model.Entry.Modelfile.Template ?? "",
                details,
                new()
                {
                    ["general.architecture"] = JsonElement.Parse($"\"{JsonEncodedText.Encode(details.Family)}\""),
                    ["general.basename"] = JsonElement.Parse($"\"{JsonEncodedText.Encode(model.Name)}\""),
                    [$"{details.Family}.context_length"] = JsonElement.Parse(contextLength.ToString(CultureInfo.InvariantCulture)),
                },
                CapabilitiesOf(model, prompts),
                OllamaTime.Of(facts.Modified))
            {
                System = string.IsNullOrEmpty(model.Entry.Modelfile.System) ? null : model.Entry.Modelfile.System,
                License = model.Entry.Modelfile.License,
                Messages = model.Entry.Modelfile.Messages.Count == 0
                    ? null
                    : [.. model.Entry.Modelfile.Messages.Select(static text => ModelfileMessage.Parse(text)!).Select(static message => new OllamaMessage(message.Role, message.Content))],
            },
            OllamaJson.Wire.OllamaShowReply);
    }

    /// <summary>Returns Ollama's names of the capabilities. Ollama has no name for reranking.</summary>
    private static string[] CapabilitiesOf(ModelInstance model, PromptBuilder? prompts)
    {
        // As in Ollama, an embedding model has no other capability, even if its files include a chat template.
        if (model.Role != ModelRole.Chat)
            return [model.Role.ToWire()];
        ModelCapabilities can = prompts is null ? default : ModelCapabilities.Of(model, prompts);
        return
        [
            "completion",
            .. can.Tools ? (string[])["tools"] : [],
            .. can.Thinking ? (string[])["thinking"] : [],
            .. prompts?.SupportsFillInTheMiddle == true ? (string[])["insert"] : [],
        ];
    }

    /// <summary>Returns the template and the tokenizer of a model; <see langword="null"/> if they cannot be used. Such a model is shown, too, so that it can be mended.</summary>
    private static async Task<PromptBuilder?> PromptsOf(ModelInstance model, CancellationToken cancellationToken)
    {
        try
        {
            return await model.Prompts.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (EngineException ex) when (ex.Code == FailureCode.TemplateInvalid)
        {
            return null;
        }
    }

    internal static async Task<IResult> Copy(HttpContext context, RequestReader reader, ModelManager models)
    {
        OllamaCopyBody body = OllamaRequest.Read<OllamaCopyBody>(await reader.ReadAsync(context).ConfigureAwait(false));
        (string source, string destination) = NamesOf(body.Source, body.Destination);
        await models.CopyAsync(source, destination, context.RequestAborted).ConfigureAwait(false);
        return Results.Ok();
    }

    /// <summary>Renames a model. Ollama has no such endpoint: its clients copy and delete.</summary>
    internal static async Task<JsonResult<OllamaRenameReply>> Rename(HttpContext context, RequestReader reader, ModelManager models)
    {
        OllamaRenameBody body = OllamaRequest.Read<OllamaRenameBody>(await reader.ReadAsync(context).ConfigureAwait(false));
        (string source, string destination) = NamesOf(body.Source, body.Destination);
        (string name, bool wasLoaded) = await models.RenameAsync(source, destination).ConfigureAwait(false);
        return new(new(name, wasLoaded), OllamaJson.Wire.OllamaRenameReply);
    }

    /// <summary>Unloads and deletes a model. Ollama's clients send the name of the model in the body of the DELETE request.</summary>
    internal static async Task<IResult> Delete(HttpContext context, RequestReader reader, ModelManager models)
    {
        OllamaDeleteBody body = OllamaRequest.Read<OllamaDeleteBody>(await reader.ReadAsync(context).ConfigureAwait(false));
        await models.DeleteAsync(OllamaRequest.ModelOf(body)).ConfigureAwait(false);
        return Results.Ok();
    }

    private static (string Source, string Destination) NamesOf(string? source, string? destination) =>
        (source is { Length: > 0 } from ? from : throw ApiException.BadRequest("source is required"),
            destination is { Length: > 0 } to ? to : throw ApiException.BadRequest("destination is required"));

    private static OllamaModel ModelOf(ModelFileInfo facts) =>
        new(ModelName.WithTag(facts.Name), ModelName.WithTag(facts.Name), OllamaTime.Of(facts.Modified), facts.Size, DigestOf(facts), DetailsOf(facts));

    /// <summary>
    /// Returns 64 hexadecimal digits, as Ollama's digests have. They identify the path, the size and the time of the last change of the model file, and not
    /// its content. They are two hashes of 128 bits with different seeds: SHA-256 of .NET needs libssl, which a machine may not have.
    /// </summary>
    internal static string DigestOf(ModelFileInfo facts) =>
        DigestOf(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{facts.Path}\n{facts.Size}\n{facts.Modified.UtcTicks}")));

    /// <summary>Returns 64 hexadecimal digits that identify a content.</summary>
    internal static string DigestOf(byte[] content) => Convert.ToHexStringLower([.. XxHash128.Hash(content, 0), .. XxHash128.Hash(content, 1)]);

    /// <summary>Finds family, parameter size and quantization in the names of the model and of its file. Does not read the model file.</summary>
    private static OllamaDetails DetailsOf(ModelFileInfo facts)
    {
        ModelNameInfo description = ModelNameInfo.Parse($"{facts.Name} {Path.GetFileName(facts.Path)}");
        return new("", "rkllm", description.Family, [description.Family], description.ParameterSize, description.Quantization);
    }

    private static string ModelfileText(ModelInstance model)
    {
        try
        {
            return model.Entry.Directory is { } directory ? RegularFile.ReadAllText(Path.Join(directory, "Modelfile"), FileLimits.Modelfile) : $"FROM={model.Entry.ModelPath}\n";
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return $"FROM={model.Entry.ModelPath}\n";
        }
    }

    /// <summary>
    /// Returns the model's parameters, one name and value per line, as in Ollama's Modelfile. A parameter that the model's Modelfile does not set has the
    /// runtime's default.
    /// </summary>
    private static string ParametersOf(ModelInstance model, int contextLength)
    {
        Native.SamplingParameters sampling = model.Engine.Sampling;
        return string.Join('\n', (IEnumerable<string>)
        [
            FormattableString.Invariant($"num_ctx {contextLength}"),
            FormattableString.Invariant($"num_predict {model.Engine.MaxNewTokens}"),
            FormattableString.Invariant($"temperature {sampling.Temperature ?? 0.8f}"),
            FormattableString.Invariant($"top_k {sampling.TopK ?? 40}"),
            FormattableString.Invariant($"top_p {sampling.TopP ?? 0.9f}"),
            FormattableString.Invariant($"repeat_penalty {sampling.RepeatPenalty ?? 1.1f}"),
            .. model.Entry.Modelfile.StopSequences.Select(static stop => $"stop \"{stop}\""),
        ]);
    }
}
