using RkLlama.Hub.Hubs;

namespace RkLlama.Hub.Tests.Hubs;

public class HubEnvironmentTests
{
    [Theory]
    [InlineData("HF_ENDPOINT", "ftp://mirror")]
    [InlineData("HF_ENDPOINT", "https://")]
    [InlineData("HF_ENDPOINT", "zzz")]
    [InlineData("MODELSCOPE_ENDPOINT", "https:// mirror")]
    public void A_bad_address_of_a_hub_is_named_with_its_value(string name, string value)
    {
        Action read = () => HubEnvironment.Read(variable => variable == name ? value : null);

        read.Should().Throw<HubException>().WithMessage($"{name}: '{value}' is not the address of a hub*");
    }

    [Theory]
    [InlineData("https://hf-mirror.com/", "https://hf-mirror.com/")]
    [InlineData("hf-mirror.com", "https://hf-mirror.com/")]
    [InlineData("mirror:8443", "https://mirror:8443/")]
    [InlineData("http://mirror", "http://mirror/")]
    [InlineData(" http://10.0.0.1:8080/hub ", "http://10.0.0.1:8080/hub")]
    public void The_address_of_a_mirror_may_lack_its_scheme(string value, string expected)
    {
        HubOptions options = HubEnvironment.Read(variable => variable == "HF_ENDPOINT" ? value : null);

        options.HuggingFace.Should().Be(new Uri(expected));
    }

    [Theory]
    [InlineData("pipe")]
    [InlineData("/dev/zero")]
    [InlineData("/dev/null")]
    [InlineData("/")]
    [InlineData("long")]
    public async Task A_token_file_that_is_no_short_file_has_no_token(string kind)
    {
        DirectoryInfo home = Directory.CreateTempSubdirectory("rkllama-token-");
        string path = kind[0] == '/' ? kind : Path.Join(home.FullName, kind);
        if (kind == "long")
            await File.WriteAllTextAsync(path, new string('a', 4097));
        if (kind == "pipe")
            await System.Diagnostics.Process.Start("mkfifo", [path]).WaitForExitAsync();

        HubOptions options = await Task.Run(() => HubEnvironment.Read(name => name == "HF_TOKEN_PATH" ? path : null)).WaitAsync(TimeSpan.FromSeconds(30));

        options.HuggingFaceToken.Should().BeNull();
        home.Delete(recursive: true);
    }

    [Theory]
    [InlineData("HF_TOKEN", "own")]
    [InlineData("HUGGING_FACE_HUB_TOKEN", "own")]
    [InlineData("HF_TOKEN_PATH", "of the file")]
    [InlineData("HF_HOME", "below HF_HOME")]
    [InlineData("XDG_CACHE_HOME", "of the cache")]
    [InlineData("HOME", "of the user")]
    public void A_token_comes_from_its_variable_or_from_the_first_file_that_exists(string first, string expected)
    {
        string[] order = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HOME", "XDG_CACHE_HOME", "HOME"];
        string home = Directory.CreateTempSubdirectory("rkllama-token-").FullName;
        Write("file", "of the file\n");
        Write("hf/token", "below HF_HOME");
        Write("cache/huggingface/token", "of the cache");
        Write(".cache/huggingface/token", " of the user ");
        Dictionary<string, string> values = new()
        {
            ["HF_TOKEN"] = "own",
            ["HUGGING_FACE_HUB_TOKEN"] = "own",
            ["HF_TOKEN_PATH"] = Path.Join(home, "file"),
            ["HF_HOME"] = Path.Join(home, "hf"),
            ["XDG_CACHE_HOME"] = Path.Join(home, "cache"),
            ["HOME"] = home,
        };

        HubOptions options = HubEnvironment.Read(name => Array.IndexOf(order, name) >= Array.IndexOf(order, first) ? values.GetValueOrDefault(name) : null);

        options.HuggingFaceToken.Should().Be(expected);
        Directory.Delete(home, recursive: true);

        void Write(string path, string text)
        {
            string full = Path.Join(home, path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            File.WriteAllText(full, text);
        }
    }

    [Theory]
    [InlineData("HF_HUB_OFFLINE", "1", true)]
    [InlineData("TRANSFORMERS_OFFLINE", "true", true)]
    [InlineData("HF_HUB_OFFLINE", "0", false)]
    [InlineData("HF_HUB_OFFLINE", "", false)]
    public void Offline_variables_forbid_requests(string name, string value, bool isOffline) =>
        HubEnvironment.Read(variable => variable == name ? value : null).IsOffline.Should().Be(isOffline);

    [Theory]
    [InlineData(true, "of the node")]
    [InlineData(false, "of the user")]
    public void The_token_of_a_service_is_in_etc_and_has_priority_over_those_of_the_user(bool isThere, string expected)
    {
        HubOptions options = HubEnvironment.Read(
            static name => name == "HOME" ? "/home/user" : null,
            file => file switch
            {
                "/etc/rkllama/hf-token" => isThere ? "of the node" : null,
                "/home/user/.cache/huggingface/token" => "of the user",
                _ => null,
            });

        options.HuggingFaceToken.Should().Be(expected);
    }

    [Theory]
    [InlineData(null, 30)]
    [InlineData("5", 5)]
    public void The_time_without_a_byte_is_that_of_tools_for_Hugging_Face(string? value, int seconds) =>
        HubEnvironment.Read(variable => variable == "HF_HUB_DOWNLOAD_TIMEOUT" ? value : null).StallTimeout.Should().Be(TimeSpan.FromSeconds(seconds));

    [Theory]
    [InlineData("0")]
    [InlineData("soon")]
    public void A_time_that_is_no_number_of_seconds_is_named(string value)
    {
        Action read = () => HubEnvironment.Read(variable => variable == "HF_HUB_DOWNLOAD_TIMEOUT" ? value : null);

        read.Should().Throw<HubException>().WithMessage($"HF_HUB_DOWNLOAD_TIMEOUT: '{value}' is not a number of seconds from 1 to 3600");
    }
}
