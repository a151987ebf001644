/* wolfSSL as a client or a server.
 *
 *     wolfssl_peer server PORT CERTIFICATE KEY      answers requests until it is ended
 *     wolfssl_peer client ADDRESS PORT NAME MINOR   one connection, by the version 3.MINOR alone
 */
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MUST(condition)                                    \
    do {                                                   \
        if (!(condition)) {                                \
            fprintf(stderr, "not so: " #condition "\n");   \
            exit(1);                                       \
        }                                                  \
    } while (0)

static void converse(WOLFSSL_CTX *context, int connection, int asks) {
    char data[4096];
    WOLFSSL *ssl = wolfSSL_new(context);
    MUST(ssl != NULL && wolfSSL_set_fd(ssl, connection) == WOLFSSL_SUCCESS);
    if ((asks ? wolfSSL_connect(ssl) : wolfSSL_accept(ssl)) == WOLFSSL_SUCCESS) {
        const char *text = asks ? "GET / HTTP/1.1\r\n\r\n" : "HTTP/1.1 200 OK\r\n\r\nok";
        if (!asks) {
            wolfSSL_read(ssl, data, sizeof data);
        }
        wolfSSL_write(ssl, text, (int)strlen(text));
        while (asks && wolfSSL_read(ssl, data, sizeof data) > 0) {
        }
        wolfSSL_shutdown(ssl);
    }
    wolfSSL_free(ssl);
    close(connection);
}

static int socket_to(const char *address, int port, int listens) {
    struct sockaddr_in end = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int yes = 1, made = socket(AF_INET, SOCK_STREAM, 0);
    MUST(made >= 0 && inet_pton(AF_INET, address, &end.sin_addr) == 1);
    if (listens) {
        setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        MUST(bind(made, (struct sockaddr *)&end, sizeof end) == 0 && listen(made, 8) == 0);
    } else {
        MUST(connect(made, (struct sockaddr *)&end, sizeof end) == 0);
    }
    return made;
}

static void serve(int port, const char *certificate, const char *key) {
    WOLFSSL_CTX *context = wolfSSL_CTX_new(wolfSSLv23_server_method());
    MUST(context != NULL);
    MUST(wolfSSL_CTX_SetMinVersion(context, WOLFSSL_TLSV1_1) == WOLFSSL_SUCCESS);
    MUST(wolfSSL_CTX_use_certificate_file(context, certificate, WOLFSSL_FILETYPE_PEM) ==
         WOLFSSL_SUCCESS);
    MUST(wolfSSL_CTX_use_PrivateKey_file(context, key, WOLFSSL_FILETYPE_PEM) == WOLFSSL_SUCCESS);
    int listener = socket_to("0.0.0.0", port, 1);
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        MUST(connection >= 0);
        converse(context, connection, 0);
    }
}

static WOLFSSL_METHOD *method_of(int minor) {
    switch (minor) {
    case 2:
        return wolfTLSv1_1_client_method();
    case 3:
        return wolfTLSv1_2_client_method();
    default:
        return wolfTLSv1_3_client_method();
    }
}

int main(int count, char **arguments) {
    wolfSSL_Init();
    if (count == 5 && strcmp(arguments[1], "server") == 0) {
        serve(atoi(arguments[2]), arguments[3], arguments[4]);
    }
    if (count == 6 && strcmp(arguments[1], "client") == 0) {
        WOLFSSL_CTX *context = wolfSSL_CTX_new(method_of(atoi(arguments[5])));
        MUST(context != NULL);
        wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_NONE, NULL);
        MUST(wolfSSL_CTX_UseSNI(context, WOLFSSL_SNI_HOST_NAME, arguments[4],
                                (unsigned short)strlen(arguments[4])) == WOLFSSL_SUCCESS);
        converse(context, socket_to(arguments[2], atoi(arguments[3]), 0), 1);
        return 0;
    }
    return 2;
}
