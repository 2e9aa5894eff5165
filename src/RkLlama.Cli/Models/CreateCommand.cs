using System.CommandLine;
using System.Text.Json;
using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Cli.Models;

/// <summary><c>rkllama create</c>: makes a model from a Modelfile. If FROM is the path of an .rkllm file, the node copies the file.</summary>
internal static class CreateCommand
{
    internal static Command Create(NodeArguments node)
    {
        Argument<string> model = new("model") { Description = "Name of the new model" };
        Option<string> file = new("--file", "-f") { Description = "The Modelfile; - for stdin", HelpName = "MODELFILE", DefaultValueFactory = static _ => "Modelfile" };
        return CommandAction.Create("create", "Make a model from a Modelfile.", node, [model, file], async (result, client, cancellationToken) =>
        {
            string modelfile = result.GetValue(file)!;
            string name = result.GetValue(model)!;
            if (string.IsNullOrWhiteSpace(name))
                throw new CommandException("the name of the new model is empty") { ExitCode = 2 };
            CreateBody body = Read(name, modelfile);
            foreach (string warning in WarningsOf(body.Modelfile!, modelfile == "-" ? "stdin" : modelfile))
                await Console.Error.WriteLineAsync($"Warning: {warning}").ConfigureAwait(false);
            string directory = modelfile == "-" ? Directory.GetCurrentDirectory() : Path.GetDirectoryName(Path.GetFullPath(modelfile))!;
            IAsyncEnumerable<JsonElement> lines = LocalPath.Find(body.From!, directory) is { } path
                ? client.StreamAsync("/api/pull", new(path) { ModelName = body.Model, Modelfile = body.Modelfile }, ModelJson.Default.PullBody, cancellationToken)
                : client.StreamAsync("/api/create", body, ModelJson.Default.CreateBody, cancellationToken);
            await new Puller(client, Puller.Display).ShowAsync(lines).ConfigureAwait(false);
            if (client.Ignored is { } ignored)
                await Console.Error.WriteLineAsync($"Warning: the node ignores {ignored}").ConfigureAwait(false);
            Console.WriteLine($"created '{body.Model}'");
            return 0;
        });
    }

    /// <summary>Reads a Modelfile, in any of the syntaxes that the node reads.</summary>
    /// <exception cref="CommandException">The file cannot be read, is not a Modelfile, or has no FROM.</exception>
    private static CreateBody Read(string model, string path)
    {
        try
        {
            string text = path == "-" ? Console.In.ReadToEnd() : ModelfileSource.Decode(path, File.ReadAllBytes(path)).Text;
            return Read(model, new ModelfileSource(path, text));
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"the Modelfile '{path}' cannot be read: {ex.Message.TrimEnd('.')}");
        }
        catch (ModelfileException ex)
        {
            throw new CommandException(ex.Message);
        }
    }

    /// <summary>Returns what the node will not use of a Modelfile, each with file, line and column.</summary>
    private static IReadOnlyList<string> WarningsOf(string modelfile, string file)
    {
        try
        {
            return ModelfileReader.Parse(modelfile, file).Warnings;
        }
        catch (ModelfileException ex)
        {
            throw new CommandException(ex.Message);
        }
    }

    /// <exception cref="ModelfileException">The text is not a Modelfile.</exception>
    /// <exception cref="CommandException">The Modelfile has no FROM.</exception>
    internal static CreateBody Read(string model, ModelfileSource source)
    {
        List<string> warnings = [];
        CreateBody body = new(model) { Modelfile = source.Text };
        Dictionary<string, JsonElement> parameters = [];
        foreach (ModelfileEntry entry in ModelfileToml.TryParse(source, warnings) ?? ModelfileOllama.TryParse(source, warnings) ?? ModelfileDotenv.Parse(source))
        {
            body = entry.Key switch
            {
                "FROM" => body with { From = entry.Value },
                "SYSTEM" => body with { System = entry.Value },
                "TEMPLATE" => body with { Template = entry.Value },
                "LICENSE" => body with { License = entry.Value },
                _ => body,
            };
            if (ParameterNames.All.FirstOrDefault(name => OllamaParameters.KeyOf(name) == entry.Key) is { } name && entry.Value is { Length: > 0 } value)
                Add(parameters, name, value);
        }

        return string.IsNullOrEmpty(body.From)
            ? throw new CommandException($"{source.File} has no FROM")
            : body with { Parameters = parameters.Count > 0 ? parameters : null };
    }

    private static void Add(Dictionary<string, JsonElement> parameters, string name, string value)
    {
        string[] values = name == "stop" && parameters.TryGetValue(name, out JsonElement old) ? [.. old.EnumerateArray().Select(static item => item.ToString()), value] : [value];
        if (ParameterNames.ValueOf(name, values) is { } json)
            parameters[name] = json;
    }
}
