import java.io.InputStream;
import java.io.OutputStream;
import java.io.FileInputStream;
import java.net.Socket;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.*;

/**
 * Java's own TLS (JSSE). `Peer server PORT KEYSTORE` answers requests until it is ended; `Peer client
 * ADDRESS PORT NAME VERSION[:SUITE]...` makes one connection for each version; `default` is what
 * Java is set to.
 */
public final class Peer {
    private static final char[] PASSWORD = "sample".toCharArray();

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("server")) {
            serve(Integer.parseInt(arguments[1]), arguments[2]);
            return;
        }
        for (int at = 4; at < arguments.length; at++) {
            String[] parts = arguments[at].split(":");
            ask(arguments[1], Integer.parseInt(arguments[2]), arguments[3], parts);
        }
    }

    private static void serve(int port, String file) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = new FileInputStream(file)) {
            store.load(in, PASSWORD);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        var factory = context.getServerSocketFactory();
        try (SSLServerSocket listener = (SSLServerSocket) factory.createServerSocket(port)) {
            listener.setEnabledProtocols(new String[] {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"});
            listener.setEnabledCipherSuites(listener.getSupportedCipherSuites());
            while (true) {
                try (Socket connection = listener.accept()) {
                    readRequest(connection.getInputStream());
                    OutputStream out = connection.getOutputStream();
                    out.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".getBytes("US-ASCII"));
                    out.flush();
                }
            }
        }
    }

    private static void ask(String address, int port, String name, String[] parts) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new TrustsAnyone()}, null);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(address, port)) {
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setServerNames(List.of(new SNIHostName(name)));
            if (!parts[0].equals("default")) {
                parameters.setProtocols(parts[0].split(","));
            }
            if (parts.length > 1) {
                parameters.setCipherSuites(parts[1].split(","));
            }
            socket.setSSLParameters(parameters);
            OutputStream out = socket.getOutputStream();
            out.write("GET / HTTP/1.1\r\nHost: sample\r\n\r\n".getBytes("US-ASCII"));
            out.flush();
            while (socket.getInputStream().read() >= 0) {
                continue;
            }
        }
    }

    private static void readRequest(InputStream in) throws Exception {
        int newlines = 0;
        for (int next = in.read(); next >= 0 && newlines < 4; next = newlines < 4 ? in.read() : -1) {
            newlines = next == '\r' || next == '\n' ? newlines + 1 : 0;
            if (newlines == 4) {
                return;
            }
        }
    }

    /** Takes any certificate: the ones of the samples are signed by nobody. */
    private static final class TrustsAnyone extends X509ExtendedTrustManager {
        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}
    }
}
