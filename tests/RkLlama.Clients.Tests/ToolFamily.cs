using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.Clients.Tests;

/// <summary>
/// A template family of <c>tests/tool-families</c>, as a model of the simulator that calls a tool, and answers its result. Templates of real models are
/// not part of the repository: they are in <c>RKLLAMA_CONFORMANCE_DATA</c>, or in <c>../shared/conformance</c> beside the repository.
/// </summary>
internal sealed class ToolFamily
{
    private const int Bytes = 256;

    private static readonly string _directory = Path.Combine(TestPaths.Root, "tests", "tool-families");

    private readonly JsonNode _json;
    private readonly string _template;
    private readonly List<string> _pieces = [];

    private ToolFamily(JsonNode json)
    {
        _json = json;
        Name = Text("name")!;
        string conformance = Environment.GetEnvironmentVariable("RKLLAMA_CONFORMANCE_DATA") is { Length: > 0 } named
            ? named
            : Path.Combine(TestPaths.Root, "..", "shared", "conformance");
        string file = Text("template") + ".jinja";
        string own = Path.Combine(_directory, file);
        _template = File.Exists(own) ? own : Path.Combine(conformance, "chat-templates", "templates", file);
    }

    /// <summary>The families whose templates exist on this machine.</summary>
    internal static IReadOnlyList<ToolFamily> All { get; } =
        [.. JsonNode.Parse(File.ReadAllText(Path.Combine(_directory, "families.json")))!.AsArray().Select(json => new ToolFamily(json!)).Where(family => File.Exists(family._template))];

    /// <summary>The name of the family and of its model.</summary>
    internal string Name { get; }

    /// <summary>Texts of the second prompt before the result, in their order: the call, and the mark before the result.</summary>
    internal IEnumerable<string> History => Texts("history");

    /// <summary>Adds the model: the demo's vocabulary, the control tokens of the family, and its script.</summary>
    internal void AddTo(Node node)
    {
        node.CopyDemo(ClientNode.Model, Name);
        string directory = Path.Combine(node.Models, Name);
        File.AppendAllText(Path.Combine(directory, "Modelfile"), Text("settings"));
        File.Copy(_template, Path.Combine(directory, "chat_template.jinja"), overwrite: true);

        JsonArray added = [];
        Edit(Path.Combine(directory, "demo.rkllm"), model =>
        {
            JsonArray pieces = model["pieces"]!.AsArray();
            string[] known = [.. pieces.Select(piece => piece!.GetValue<string>())];
            string[] tokens = [.. new[] { Text("begin"), Text("end") }.OfType<string>().Concat(Texts("tokens")).Except(known)];
            foreach (string token in tokens)
            {
                added.Add(new JsonObject
                {
                    ["id"] = Bytes + pieces.Count, ["content"] = token, ["special"] = true,
                    ["single_word"] = false, ["lstrip"] = false, ["rstrip"] = false, ["normalized"] = false,
                });
                pieces.Add(new JsonObject { ["text"] = token, ["special"] = true });
            }

            _pieces.Clear();
            _pieces.AddRange([.. known, .. tokens]);
            model["eos"] = Text("end");
            model["script"] = new JsonArray(
                new JsonObject { ["find"] = "[0-9]+ degrees", ["emit"] = Text("thinks") + "It has $0 in Oslo." },
                new JsonObject { ["emit"] = Text("call") });
        });
        Edit(Path.Combine(directory, "tokenizer.json"), tokenizer => tokenizer["added_tokens"] = new JsonArray([.. tokenizer["added_tokens"]!.AsArray().Concat(added).Select(token => token!.DeepClone())]));
        Edit(Path.Combine(directory, "tokenizer_config.json"), config => (config["bos_token"], config["eos_token"]) = (Text("begin"), Text("end")));
    }

    /// <summary>Returns the text of a prompt, which the runtime received as token ids.</summary>
    /// <param name="prompt">An entry of the simulator's trace.</param>
    internal string Decode(JsonElement prompt) => Encoding.UTF8.GetString(
        [.. prompt.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).SelectMany(id => id < Bytes ? [(byte)id] : Encoding.UTF8.GetBytes(_pieces[id - Bytes]))]);

    private static void Edit(string path, Action<JsonNode> change)
    {
        string text = File.ReadAllText(path);
        int json = text.IndexOf('{', StringComparison.Ordinal);
        JsonNode node = JsonNode.Parse(text[json..])!;
        change(node);
        File.WriteAllText(path, text[..json] + node.ToJsonString());
    }

    private string? Text(string key) => (string?)_json[key];

    private IEnumerable<string> Texts(string key) => _json[key]!.AsArray().Select(text => text!.GetValue<string>());
}
